// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>

#include "cli/describe.h"
#include "cli/version.h"

namespace twinear::cli {
namespace {

/// Text that man(7) takes as it is.
std::string plain(const std::string& text) {
  std::string result;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
    line_begins = c == '\n';
  }
  return result;
}

std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + plain(text) + "\\fR"; }

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// Paragraphs as they were written: lines that are indented stay lines.
std::string body(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  bool example = false;
  for (std::string line; std::getline(lines, line);) {
    const bool indented = line.starts_with("  ");
    if (indented != example) result += indented ? ".PP\n.nf\n" : ".fi\n.PP\n";
    example = indented;
    result += plain(indented ? line.substr(2) : line) + "\n";
  }
  return example ? result + ".fi\n" : result;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// FILE..., or [FILE...] where it may be left out.
std::string argument(const CLI::Option& option) {
  const std::string many = option.get_expected_max() > 1 ? "..." : "";
  const std::string text = italic(option.get_name()) + many;
  return option.get_required() ? text : "[" + text + "]";
}

std::string option_item(const CLI::Option& option) {
  std::string names;
  const auto add = [&](const std::string& name) {
    names += (names.empty() ? "" : ", ") + bold(name);
  };
  for (const auto& name : option.get_snames()) add("-" + name);
  for (const auto& name : option.get_lnames()) add("--" + name);
  if (takes_value(option)) names += " " + italic(option.get_type_name());
  std::string text = option.get_description();
  if (const auto value = option.get_default_str(); !value.empty()) text += "; default: " + value;
  if (option.get_required()) text += "; required";
  return ".TP\n" + names + "\n" + plain(text) + "\n";
}

std::string page(const CLI::App& app, const std::string& name, const std::string& words,
                 const CLI::App* parent, const std::string& parent_page, const std::string& date) {
  std::string text = fmt::format(".TH {} 1 {} \"twinear {}\" \"User Commands\"\n",
                                 upper(plain(name)), date, program_version());
  const auto commands = shown(app);
  std::string summary = app.get_description();
  while (summary.ends_with('.')) summary.pop_back();
  text += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}", plain(name), plain(summary),
                      bold(words));
  if (!commands.empty()) text += " " + italic("COMMAND");
  for (const auto* option : app.get_options())
    if (option->get_required() && !option->get_positional())
      text +=
          " " + bold("--" + option->get_lnames().front()) + " " + italic(option->get_type_name());
  text += " [" + italic("OPTION") + "]...";
  for (const auto* option : app.get_options())
    if (option->get_positional()) text += " " + argument(*option);
  text +=
      "\n.SH DESCRIPTION\n" + plain(app.get_description()) +
      (app.get_description().ends_with('.') || app.get_description().ends_with('?') ? "\n" : ".\n");
  const std::string footer = app.get_footer();
  if (!footer.empty()) text += ".PP\n" + body(footer);

  if (!commands.empty()) text += ".SH COMMANDS\n";
  for (const auto* command : commands)
    text += fmt::format(".TP\n{}\n{}; see\n.BR {} (1)\n", bold(command->get_name()),
                        plain(command->get_description()), plain(name + "-" + command->get_name()));
  bool any = false;
  for (const auto* option : app.get_options())
    if (option->get_positional()) {
      if (!any) text += ".SH ARGUMENTS\n";
      any = true;
      text += ".TP\n" + italic(option->get_name()) + "\n" + plain(option->get_description()) + "\n";
    }
  std::vector<std::string> groups;
  for (const auto* option : app.get_options())
    if (!option->get_positional() && std::ranges::find(groups, option->get_group()) == groups.end())
      groups.push_back(option->get_group());
  for (const auto& group : groups) {
    text += ".SH " + upper(group) + "\n";
    for (const auto* option : app.get_options())
      if (!option->get_positional() && option->get_group() == group) text += option_item(*option);
  }
  if (parent != nullptr) text += fmt::format(".SH SEE ALSO\n.BR {} (1)\n", plain(parent_page));
  return text;
}

void add_pages(const CLI::App& app, const CLI::App* parent, const std::string& before,
               const std::string& date, std::map<std::string, std::string>& pages) {
  const std::string name = before.empty() ? app.get_name() : before + "-" + app.get_name();
  std::string words = name;
  std::ranges::replace(words, '-', ' ');
  pages[name + ".1"] = page(app, name, words, parent, before, date);
  for (const auto* command : shown(app)) add_pages(*command, &app, name, date, pages);
}

}  // namespace

std::map<std::string, std::string> manual(const CLI::App& program, const std::string& date) {
  std::map<std::string, std::string> pages;
  add_pages(program, nullptr, "", date, pages);
  return pages;
}

}  // namespace twinear::cli
