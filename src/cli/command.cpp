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
#include "linalg/onednn_info.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

constexpr int max_threads = 4096;
const std::vector<std::string> levels{"error", "warning", "info", "debug"};  // as in Level

/// A check that a number lies in a range; help does not show it.
auto in_range(double low, double high) {
  return [low, high](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) && value >= low && value <= high
               ? std::string()
               : fmt::format("expected a number from {} to {}, found {}", low, high, text);
  };
}

/// Adds an option with a value, whose default help shows unless it is empty.
template <class Value>
CLI::Option* add_option(CLI::App& app, const char* names, std::string what, Value& value,
                        const std::string& default_text, const char* help) {
  auto* option = app.add_option(names, value, help)->type_name(std::move(what));
  return default_text.empty() ? option : option->default_str(default_text);
}

CLI::Option* add_choice(CLI::App& app, const char* names, const std::vector<std::string>& words,
                        std::string& value, const char* help) {
  return add_option(app, names, fmt::format("{}", fmt::join(words, "|")), value, value, help)
      ->check(CLI::IsMember(words).description(""));
}

/// The version of the program, and a line for each library that it is built on.
std::string version_text() {
  return fmt::format("twinear {}\noneDNN {} ({})\nKissFFT {}\nlibsndfile {}\nTBB {}",
                     TWINEAR_VERSION, onednn_version(), onednn_isa(), TWINEAR_KISSFFT_VERSION,
                     TWINEAR_SNDFILE_VERSION, TWINEAR_TBB_VERSION);
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

/// What is wrong with the arguments of a command.
std::string complaint(const CLI::App& command, const CLI::ParseError& e) {
  if (const auto extra = command.remaining(); !extra.empty()) {
    const std::string word = extra.front().substr(0, extra.front().find('='));
    return word.starts_with("-") ? fmt::format("unknown option \"{}\"{}", word,
                                               suggestion(word, option_names(command)))
                                 : fmt::format("unexpected argument \"{}\"", word);
  }
  std::string text = e.what();
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0)  // not a name
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

/// The one line for arguments that are not understood.
Error refusal(const CLI::App& program, const CLI::ParseError& e) {
  const CLI::App* command = &program;
  std::string names = "twinear";  // the words that name the command
  for (; !command->get_subcommands().empty(); names += " " + command->get_name())
    command = command->get_subcommands().front();
  std::vector<std::string> known = option_names(*command);
  const auto inner = command->get_subcommands({});
  for (const auto* one : inner) known.push_back(one->get_name());
  const auto words = command->remaining();
  const std::string text = inner.empty()   ? complaint(*command, e)
                           : words.empty() ? "a command is needed"
                                           : fmt::format("unknown command \"{}\"{}", words[0],
                                                         suggestion(words[0], known));
  return {Fault::config, fmt::format("{} (see {} --help)", text, names)};
}

/// Names that options had before, and their names now; the last one is a value.
constexpr std::array<std::array<std::string_view, 2>, 4> renamed{
    {{"--enrol-map", "--enrollment-map"},
     {"--least-speech", "--min-speech"},
     {"--enrol-average", "--enrollment-average"},
     {"neighbour", "neighbor"}}};

/// The arguments with today's names, the last one first as CLI11 takes them; `warnings` gets a line
/// for each that had another name.
std::vector<std::string> spelled_today(int argc, char** argv, std::vector<std::string>& warnings) {
  std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i)
    for (const auto& [before, now] : renamed) {
      const bool is_value = !before.starts_with('-');
      if (is_value && (i == 0 || words[i - 1] != "--classifier")) continue;
      if (words[i] != before && !words[i].starts_with(std::string(before) + "=")) continue;
      words[i].replace(0, before.size(), now);
      warnings.push_back(fmt::format("{} is now called {}", before, now));
    }
  std::ranges::reverse(words);
  return words;
}

}  // namespace

void Command::argument(const char* name, std::string& value, const char* help, Need need) {
  add_option(*app_, name, "", value, "", help)->required(need == Need::required);
}

void Command::argument(const char* name, std::vector<std::string>& values, const char* help,
                       Need need) {
  add_option(*app_, name, "", values, "", help)->required(need == Need::required);
}

void Command::option(const char* names, const char* what, std::string& value, const char* help,
                     Need need) {
  add_option(*app_, names, what, value, value, help)->required(need == Need::required);
}

void Command::option(const char* names, const char* what, std::vector<std::string>& values,
                     const char* help) {
  add_option(*app_, names, what, values, "", help)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

void Command::option(const char* names, const char* what, int& value, int low, int high,
                     const char* help) {
  add_option(*app_, names, what, value, std::to_string(value), help)->check(in_range(low, high));
}

void Command::option(const char* names, const char* what, double& value, double low, double high,
                     const char* help) {
  add_option(*app_, names, what, value, fmt::format("{:g}", value), help)
      ->check(in_range(low, high));
}

void Command::option(const char* names, const char* what, std::optional<double>& value, double low,
                     double high, const char* help) {
  add_option(*app_, names, what, value, "", help)->check(in_range(low, high));
}

void Command::choice(const char* names, const std::vector<std::string>& words, std::string& value,
                     const char* help) {
  add_choice(*app_, names, words, value, help);
}

void Command::flag(const char* names, bool& value, const char* help) {
  app_->add_flag(names, value, help);
}

void Command::model(std::string& path, Need need) {
  option("--model", "FILE", path,
         "uses this trained model: a file, or the name of one at hand, which `twinear info` lists",
         need);
}

void Command::overrides(std::vector<std::string>& assignments) {
  option("--set", "TABLE.KEY=VALUE", assignments, "overrides a key of the recipe; may be repeated");
}

void Command::seed(std::uint64_t& value) {
  add_option(*app_, "--seed", "N", value, std::to_string(value), "seeds every random choice");
}

void Command::channel(int& value) {
  add_option(*app_, "--channel", "K", value, "",
             "takes this channel, counted from 0, instead of the mean of all")
      ->check(in_range(0, 1023));
}

void Command::exclusive(const char* name, const char* other) {
  app_->get_option(name)->excludes(app_->get_option(other));
}

void Command::footer(const std::string& text) { app_->footer(text); }

struct Program::Parts {
  CLI::App app{"Verifies whether two clips have the same source: speakers, and other sounds."};
  std::function<int(const Common&)> chosen;
  std::string log_level = "info";
  bool json = false, quiet = false;
  int threads = 0;
};

Program::Program() : parts_(std::make_unique<Parts>()) {
  auto& app = parts_->app;
  app.name("twinear");
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "prints this help");
  app.set_version_flag("--version", version_text,
                       "prints the versions of twinear and its libraries");
  const auto help = std::make_shared<HelpFormatter>();
  help->label("SUBCOMMAND", "COMMAND");
  help->label("Positionals", "Arguments");
  help->column_width(32);
  app.formatter(help);
  app.footer(
      "Exit codes: 0 success (verify: same source), 1 verify: different sources,\n"
      "2 usage or bad input, 3 internal failure. `twinear COMMAND --help` explains a command.");
}
Program::~Program() = default;

void Program::add_group(const char* name, const char* summary) {
  auto& group = *parts_->app.add_subcommand(name, summary)->group("Commands");
  group.require_subcommand(1);
  group.footer("");
}

Command Program::add(const std::string& name, const char* summary,
                     std::function<int(const Common&)> action) {
  const auto space = name.find(' ');
  auto& parent =
      space == std::string::npos ? parts_->app : *parts_->app.get_subcommand(name.substr(0, space));
  const std::string last = space == std::string::npos ? name : name.substr(space + 1);
  auto& app = *parent.add_subcommand(last, summary)->group("Commands");
  app.footer("");
  app.callback([this, action = std::move(action)] { parts_->chosen = action; });

  constexpr const char* group = "Common options";
  app.add_flag("--json", parts_->json, "prints results as JSON on standard output")->group(group);
  add_option(app, "--threads", "N", parts_->threads, "0",
             "limits the threads of the process; 0 allows one for each core")
      ->check(in_range(0, max_threads))
      ->group(group);
  add_choice(app, "--log-level", levels, parts_->log_level, "chooses what standard error shows")
      ->group(group);
  app.add_flag("-q,--quiet", parts_->quiet, "shows errors only, and no progress")->group(group);
  return Command(app);
}

const CLI::App& Program::app() const { return parts_->app; }

int Program::run(int argc, char** argv) {
  auto& app = parts_->app;
  std::vector<std::string> warnings;
  try {
    app.parse(spelled_today(argc, argv, warnings));
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::CallForVersion& e) {
    fmt::print("{}\n", e.what());
    return 0;
  } catch (const CLI::ParseError& e) {
    throw refusal(app, e);
  }
  const ThreadLimit limit(parts_->threads);
  const auto level = std::ranges::find(levels, parts_->log_level) - levels.begin();
  const Console console(parts_->quiet ? Level::error : static_cast<Level>(level));
  for (const auto& line : warnings) console.warn(line);
  return parts_->chosen({.json = parts_->json, .console = console});
}

}  // namespace twinear::cli
