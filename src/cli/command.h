// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"

namespace CLI {
class App;
}

namespace twinear::cli {

/// What every command may be told, beside its own arguments.
struct Common {
  bool json = false;  ///< results as JSON
  Console console;
};

enum class Need { optional, required };

/// The words of one command. A variable bound here must live until the command has run; the value
/// that it has when bound is the default, which help shows.
class Command {
 public:
  using Action = std::function<int(const Common&)>;

  Command(CLI::App& app, Action& chosen) : app_(&app), chosen_(&chosen) {}

  /// Arguments without a name, in their order; many take all the rest.
  void argument(const char* name, std::string& value, const char* help, Need need = Need::required);
  void arguments(const char* name, std::vector<std::string>& values, const char* help,
                 Need need = Need::required);

  /// `names` as in "-o,--out"; `what` stands for the value in help: FILE, HZ.
  void option(const char* names, const char* what, std::string& value, const char* help,
              Need need = Need::optional);
  void option(const char* names, const char* what, std::optional<double>& value, double low,
              double high, const char* help);
  /// An option that may be repeated.
  void option(const char* names, const char* what, std::vector<std::string>& values,
              const char* help);
  void option(const char* names, const char* what, int& value, int low, int high, const char* help);
  void option(const char* names, const char* what, double& value, double low, double high,
              const char* help);
  /// One of a few words.
  void choice(const char* names, const std::vector<std::string>& words, std::string& value,
              const char* help);
  void flag(const char* names, bool& value, const char* help);

  /// Options that several commands have.
  void model(std::string& path, Need need);
  void overrides(std::vector<std::string>& assignments);
  void seed(std::uint64_t& value);
  void channel(int& value);

  void exclusive(const char* name, const char* other);
  void footer(const std::string& text);  ///< what help says between the usage line and the options

  /// What the command does; its value is the exit code.
  void run(Action action);

 private:
  CLI::App* app_;
  Action* chosen_;
};

/// All commands, and what they share.
class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// A name of two words is that of a command within a group, which must be there.
  Command command(const std::string& name, const char* summary);
  void group(const char* name, const char* summary);

  /// As in describe.h, of the commands that are there now.
  std::string completion(const std::string& shell) const;

  /// Runs the command that the arguments name; gives its exit code. Throws Error (config) for
  /// arguments that are not understood.
  int run(int argc, char** argv);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear::cli
