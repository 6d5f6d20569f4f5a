// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>

#include "base/settings.h"
#include "base/threads.h"
#include "cli/describe.h"
#include "cli/version.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

constexpr const char* common_group = "Common options";
constexpr int max_threads = 4096;

CLI::Option* with(Need need, CLI::Option* option) {
  return option->required(need == Need::required);
}

/// A check that a number lies in a range; help does not show it.
auto in_range(double low, double high) {
  return [low, high](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) && value >= low && value <= high
               ? std::string()
               : fmt::format("expected a number from {} to {}, found {}", low, high, text);
  };
}

/// Help in the form that help2man reads. The footer follows the usage line, since it describes the
/// command. An option has its names, what it takes, its default, and whether it is required.
class HelpFormatter final : public CLI::Formatter {
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const std::string footer = CLI::Formatter::make_footer(app);
    return CLI::Formatter::make_usage(app, std::move(name)) + (footer.empty() ? "" : "\n") + footer;
  }

  std::string make_footer(const CLI::App*) const override { return ""; }

  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    if (is_positional) return option->get_name(true, false);
    return fmt::format("{}",
                       fmt::join(CLI::detail::split(option->get_name(false, true), ','), ", "));
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (const std::string what = option->get_type_name(); !what.empty()) text = " " + what;
    if (const std::string value = option->get_default_str(); !value.empty()) text += "=" + value;
    if (option->get_required() && !option->get_positional()) text += " (required)";
    return text;
  }
};

/// The long names of a command's options.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string meant = nearest(word, names);
  return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

/// One line that says what is wrong with the arguments of a command; `names` lead to it.
std::string complaint(const CLI::App& command, const std::string& names, const CLI::ParseError& e) {
  const auto extra = command.remaining();
  std::string text = e.what();
  if (!extra.empty()) {
    const std::string word = extra.front().substr(0, extra.front().find('='));
    text = word.starts_with("-") ? fmt::format("unknown option \"{}\"{}", word,
                                               suggestion(word, option_names(command)))
                                 : fmt::format("unexpected argument \"{}\"", word);
  }
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0)  // not a name
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return fmt::format("{} (see {} --help)", text, names);
}

}  // namespace

std::vector<const CLI::App*> shown(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) commands.push_back(command);
  return commands;
}

struct Program::Parts {
  CLI::App app{"Verifies whether two clips have the same source: speakers, and other sounds."};
  Command::Action chosen;
  std::string log_level = "info";
  bool json = false, quiet = false;
  int threads = 0;

  Console console() const {
    if (quiet) return Console(Level::error);
    const auto at = std::ranges::find(levels, log_level);
    return Console(static_cast<Level>(at - levels.begin()));
  }
  static inline const std::vector<std::string> levels{"error", "warning", "info", "debug"};
};

void Command::argument(const char* name, std::string& value, const char* help, Need need) {
  with(need, app_->add_option(name, value, help))->type_name("");
}

void Command::arguments(const char* name, std::vector<std::string>& values, const char* help,
                        Need need) {
  with(need, app_->add_option(name, values, help))->type_name("");
}

void Command::option(const char* names, const char* what, std::string& value, const char* help,
                     Need need) {
  auto* option = with(need, app_->add_option(names, value, help))->type_name(what);
  if (!value.empty()) option->capture_default_str();
}

void Command::option(const char* names, const char* what, std::optional<double>& value, double low,
                     double high, const char* help) {
  app_->add_option(names, value, help)->type_name(what)->check(in_range(low, high));
}

void Command::option(const char* names, const char* what, std::vector<std::string>& values,
                     const char* help) {
  app_->add_option(names, values, help)
      ->type_name(what)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

void Command::option(const char* names, const char* what, int& value, int low, int high,
                     const char* help) {
  app_->add_option(names, value, help)
      ->type_name(what)
      ->capture_default_str()
      ->check(in_range(low, high));
}

void Command::option(const char* names, const char* what, double& value, double low, double high,
                     const char* help) {
  app_->add_option(names, value, help)
      ->type_name(what)
      ->default_str(fmt::format("{:g}", value))
      ->check(in_range(low, high));
}

void Command::choice(const char* names, const std::vector<std::string>& words, std::string& value,
                     const char* help) {
  auto* option = app_->add_option(names, value, help)
                     ->type_name(fmt::format("{}", fmt::join(words, "|")))
                     ->check(CLI::IsMember(words).description(""));
  if (!value.empty()) option->capture_default_str();
}

void Command::flag(const char* names, bool& value, const char* help) {
  app_->add_flag(names, value, help);
}

void Command::model(std::string& path, Need need) {
  option("--model", "FILE", path,
         "a trained model; \"speaker\" and \"sound\" name those that ship with twinear", need);
}

void Command::overrides(std::vector<std::string>& assignments) {
  option("--set", "TABLE.KEY=VALUE", assignments, "overrides a recipe's key; may be repeated");
}

void Command::seed(std::uint64_t& value) {
  app_->add_option("--seed", value, "of every random choice")
      ->type_name("N")
      ->capture_default_str();
}

void Command::channel(int& value) {
  app_->add_option("--channel", value,
                   "the channel to take, counted from 0 (default: the mean of all)")
      ->type_name("K")
      ->check(in_range(0, 1023));
}

void Command::exclusive(const char* name, const char* other) {
  app_->get_option(name)->excludes(app_->get_option(other));
}

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::run(Action action) {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

Program::Program() : parts_(std::make_unique<Parts>()) {
  auto& app = parts_->app;
  app.name("twinear");
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "this text");
  app.set_version_flag("--version", version_text, "versions of twinear and of what it runs on");
  const auto help = std::make_shared<HelpFormatter>();
  help->label("SUBCOMMAND", "COMMAND");
  help->label("Positionals", "Arguments");
  help->column_width(32);
  app.formatter(help);
  app.footer(
      "Exit codes: 0 success (verify: same source), 1 verify: different sources,\n"
      "2 usage or bad input, 3 internal failure. Help on one: twinear COMMAND --help");
}
Program::~Program() = default;

void Program::group(const char* name, const char* summary) {
  auto& group = *parts_->app.add_subcommand(name, summary)->group("Commands");
  group.require_subcommand(1);
  group.footer("");
}

Command Program::command(const std::string& name, const char* summary) {
  const auto space = name.find(' ');
  auto& parent =
      space == std::string::npos ? parts_->app : *parts_->app.get_subcommand(name.substr(0, space));
  const std::string last = space == std::string::npos ? name : name.substr(space + 1);
  auto& app = *parent.add_subcommand(last, summary)->group("Commands");
  app.footer("");
  app.add_flag("--json", parts_->json, "results as JSON on standard output")->group(common_group);
  app.add_option("--threads", parts_->threads, "threads of the process; 0: all allowed cores")
      ->type_name("N")
      ->capture_default_str()
      ->check(in_range(0, max_threads))
      ->group(common_group);
  app.add_option("--log-level", parts_->log_level, "what standard error shows")
      ->type_name(fmt::format("{}", fmt::join(Parts::levels, "|")))
      ->capture_default_str()
      ->check(CLI::IsMember(Parts::levels).description(""))
      ->group(common_group);
  app.add_flag("-q,--quiet", parts_->quiet, "no progress, errors only")->group(common_group);
  return {app, parts_->chosen};
}

std::string Program::completion(const std::string& shell) const {
  return cli::completion(parts_->app, shell);
}

namespace {

/// What options were called before, and are called now; the last one is a value.
constexpr std::array<std::array<std::string_view, 2>, 4> renamed{
    {{"--enrol-map", "--enrollment-map"},
     {"--least-speech", "--min-speech"},
     {"--enrol-average", "--enrollment-average"},
     {"neighbour", "neighbor"}}};

/// The arguments, the last one first as CLI11 takes them, with the names of today; `old` gets a
/// line for each that had another.
std::vector<std::string> spelled_today(int argc, char** argv, std::vector<std::string>& old) {
  std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i)
    for (const auto& [before, now] : renamed) {
      const bool is_value = !before.starts_with('-');
      if (is_value && (i == 0 || words[i - 1] != "--classifier")) continue;
      if (words[i] != before && !words[i].starts_with(std::string(before) + "=")) continue;
      words[i].replace(0, before.size(), now);
      old.push_back(fmt::format("{} is now called {}", before, now));
    }
  std::ranges::reverse(words);
  return words;
}

}  // namespace

int Program::run(int argc, char** argv) {
  auto& app = parts_->app;
  std::vector<std::string> old_words;
  try {
    app.parse(spelled_today(argc, argv, old_words));
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::CallForVersion& e) {
    fmt::print("{}\n", e.what());
    return 0;
  } catch (const CLI::ParseError& e) {
    const CLI::App* at = &app;
    std::string names = "twinear";  // of the commands on the way
    for (; !at->get_subcommands().empty(); names += " " + at->get_name())
      at = at->get_subcommands().front();
    const auto inner = at->get_subcommands([](const CLI::App*) { return true; });
    if (inner.empty()) throw Error(Fault::config, complaint(*at, names, e));
    std::vector<std::string> known = option_names(*at);
    for (const auto* command : inner) known.push_back(command->get_name());
    const auto words = at->remaining();
    if (words.empty())
      throw Error(Fault::config, fmt::format("a command is needed (see {} --help)", names));
    throw Error(Fault::config, fmt::format("unknown command \"{}\"{} (see {} --help)", words[0],
                                           suggestion(words[0], known), names));
  }
  const ThreadLimit limit(parts_->threads);
  const Console console = parts_->console();
  for (const auto& line : old_words) console.warn(line);
  return parts_->chosen({.json = parts_->json, .console = console});
}

}  // namespace twinear::cli
