// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/console.h"

namespace CLI {
class App;
}

namespace twinear::cli {

/// The options that every command has.
struct Common {
  bool json = false;  ///< whether results are printed as JSON
  Console console;
};

enum class Need { optional, required };

/// Declares the arguments and options of one command. A bound variable must outlive the run of the
/// command; help shows the value that it has now as the default.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// Arguments without a name, in their order; a vector takes all that are left.
  void argument(const char* name, std::string& value, const char* help, Need need = Need::required);
  void argument(const char* name, std::vector<std::string>& values, const char* help,
                Need need = Need::required);

  /// `names` are as in "-o,--out". Help shows `what`, such as FILE or HZ, in place of the value. A
  /// number must lie from `low` to `high`, and an option with a vector may be repeated.
  void option(const char* names, const char* what, std::string& value, const char* help,
              Need need = Need::optional);
  void option(const char* names, const char* what, std::vector<std::string>& values,
              const char* help);
  void option(const char* names, const char* what, int& value, int low, int high, const char* help);
  void option(const char* names, const char* what, double& value, double low, double high,
              const char* help);
  void option(const char* names, const char* what, std::optional<double>& value, double low,
              double high, const char* help);
  /// An option whose value is one of a few words.
  void choice(const char* names, const std::vector<std::string>& words, std::string& value,
              const char* help);
  void flag(const char* names, bool& value, const char* help);

  /// Options that several commands have.
  void model(std::string& path, Need need);
  void overrides(std::vector<std::string>& assignments);
  void seed(std::uint64_t& value);
  void channel(int& value);

  void exclusive(const char* name, const char* other);
  void footer(const std::string& text);  ///< the text between the usage line and the options

 private:
  CLI::App* app_;
};

/// All commands, and the options that they share.
class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Adds a command, whose arguments the program keeps; `action` runs it and returns the exit code.
  /// A name of two words is that of a command in a group, which must be there.
  template <class Arguments>
  std::pair<Command, Arguments&> add(const std::string& name, const char* summary,
                                     int (*action)(const Arguments&, const Common&)) {
    const auto args = std::make_shared<Arguments>();
    return {add(name, summary, [=](const Common& common) { return action(*args, common); }), *args};
  }
  Command add(const std::string& name, const char* summary,
              std::function<int(const Common&)> action);
  void add_group(const char* name, const char* summary);

  const CLI::App& app() const;

  /// Runs the command that the arguments name and returns its exit code. Throws Error (config) for
  /// arguments that are not understood.
  int run(int argc, char** argv);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear::cli
