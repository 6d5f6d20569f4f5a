// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/describe.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

/// How help calls a value that names a file or a folder.
constexpr std::array<std::string_view, 10> file_types{"CSV",  "DB",    "DIR",   "FILE", "FOLDER",
                                                      "HTML", "JSONL", "MODEL", "OUT",  "SCORES"};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string single_quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

/// An option as a user types it.
struct Flag {
  std::vector<std::string> names;  // with their hyphens
  std::vector<std::string> words;  // that it takes
  enum class Takes { nothing, words, file, something } takes;
  std::string help;
};

std::vector<Flag> flags(const CLI::App& app) {
  std::vector<Flag> result;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    Flag flag{{}, {}, Flag::Takes::nothing, option->get_description()};
    for (const auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    const std::string type = option->get_type_name();
    if (option->get_items_expected_max() > 0) flag.takes = Flag::Takes::something;
    if (std::ranges::find(file_types, type) != file_types.end()) flag.takes = Flag::Takes::file;
    if (type.find('|') != std::string::npos) {
      flag.takes = Flag::Takes::words;
      flag.words = CLI::detail::split(type, '|');
    }
    result.push_back(std::move(flag));
  }
  return result;
}

/// Calls visit("twinear verify", app) for the program and each command in it.
void each_command(const CLI::App& app, const std::string& before,
                  const std::function<void(const std::string&, const CLI::App&)>& visit) {
  const std::string path = before + app.get_name();
  visit(path, app);
  for (const auto* command : shown(app)) each_command(*command, path + " ", visit);
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names(commands.size());
  std::ranges::transform(commands, names.begin(), [](const auto* c) { return c->get_name(); });
  return names;
}

std::string bash(const CLI::App& program) {
  std::string paths, values, words;
  each_command(program, "", [&](const std::string& path, const CLI::App& app) {
    if (&app != &program) paths += (paths.empty() ? "" : "|") + fmt::format("'{}'", path);
    std::vector<std::string> all = names_of(shown(app));
    std::vector<std::string> plain, files;
    for (const Flag& flag : flags(app)) {
      std::vector<std::string> patterns;
      for (const auto& name : flag.names) {
        all.push_back(name);
        patterns.push_back(fmt::format("'{} {}'", path, name));
      }
      if (flag.takes == Flag::Takes::words)
        values += fmt::format("    {}) words='{}' ;;\n", fmt::join(patterns, "|"),
                              fmt::join(flag.words, " "));
      auto& others = flag.takes == Flag::Takes::file ? files : plain;
      if (flag.takes == Flag::Takes::file || flag.takes == Flag::Takes::something)
        others.insert(others.end(), patterns.begin(), patterns.end());
    }
    if (!files.empty()) values += fmt::format("    {}) return ;;\n", fmt::join(files, "|"));
    if (!plain.empty())
      values += fmt::format("    {}) compopt +o default; return ;;\n", fmt::join(plain, "|"));
    words += fmt::format("      '{}') words='{}' ;;\n", path, fmt::join(all, " "));
  });
  return fmt::format(R"(# bash completion of twinear; made by: twinear completion bash
_twinear() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command=twinear words='' i
  # bash takes --name=value for three words
  [[ $cur == = ]] && cur=''
  [[ $prev == = ]] && prev=${{COMP_WORDS[COMP_CWORD - 2]}}
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${{COMP_WORDS[i]}}" in
      {}) command="$command ${{COMP_WORDS[i]}}" ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
{}  esac
  if [[ -z $words && ($cur == -* || $command == twinear || $command == 'twinear db') ]]; then
    case $command in
{}    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o default -F _twinear twinear
)",
                     paths, values, words);
}

std::string zsh(const CLI::App& program) {
  std::string functions;
  each_command(program, "", [&](const std::string& path, const CLI::App& app) {
    std::string text = fmt::format("_{}() {{\n", replaced(path, " ", "_"));
    const auto commands = shown(app);
    if (!commands.empty()) text += "  local line state\n";
    text += "  _arguments -s -S";
    for (const Flag& flag : flags(app)) {
      const std::string help =
          replaced(replaced(replaced(flag.help, "[", "("), "]", ")"), ":", "\\:");
      std::string value;
      if (flag.takes == Flag::Takes::file) value = ":file:_files";
      if (flag.takes == Flag::Takes::something) value = ":value: ";
      if (flag.takes == Flag::Takes::words)
        value = fmt::format(":word:({})", fmt::join(flag.words, " "));
      for (const auto& name : flag.names)
        text += " \\\n    " + single_quoted(fmt::format("{}{}[{}]{}", name,
                                                        value.empty()            ? ""
                                                        : name.starts_with("--") ? "="
                                                                                 : "+",
                                                        help, value));
    }
    if (commands.empty()) {
      text += " \\\n    '*:file:_files'\n";
    } else {
      text += " \\\n    '1: :->command' '*::argument:->arguments'\n";
      text += "  case $state in\n    command) _values command";
      for (const auto* command : commands)
        text += " " + single_quoted(fmt::format("{}[{}]", command->get_name(),
                                                replaced(command->get_description(), ":", "\\:")));
      text += fmt::format(
          " ;;\n    arguments) (( $+functions[_{0}_$line[1]] )) && _{0}_$line[1] ;;\n"
          "  esac\n",
          replaced(path, " ", "_"));
    }
    functions += text + "}\n";
  });
  return "#compdef twinear\n# zsh completion of twinear; made by: twinear completion zsh\n" +
         functions +
         "if [[ $funcstack[1] == _twinear ]]; then _twinear \"$@\"; else compdef _twinear twinear; "
         "fi\n";
}

std::string fish(const CLI::App& program) {
  std::string lines;
  each_command(program, "", [&](const std::string& path, const CLI::App& app) {
    const auto names = CLI::detail::split(path, ' ');
    const auto commands = shown(app);
    std::string condition;
    for (std::size_t i = 1; i < names.size(); ++i)
      condition += (i > 1 ? "; and " : "") + ("__fish_seen_subcommand_from " + names[i]);
    if (!commands.empty())
      condition +=
          (condition.empty() ? "" : "; and ") +
          fmt::format("not __fish_seen_subcommand_from {}", fmt::join(names_of(commands), " "));
    const std::string start = fmt::format("complete -c twinear -n {}", single_quoted(condition));
    for (const auto* command : commands)
      lines += fmt::format("{} -f -a {} -d {}\n", start, command->get_name(),
                           single_quoted(command->get_description()));
    for (const Flag& flag : flags(app)) {
      lines += start;
      for (const auto& name : flag.names)
        lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (flag.takes == Flag::Takes::file) lines += " -r -F";
      if (flag.takes == Flag::Takes::something) lines += " -x";
      if (flag.takes == Flag::Takes::words)
        lines += " -x -a " + single_quoted(fmt::format("{}", fmt::join(flag.words, " ")));
      lines += " -d " + single_quoted(flag.help) + "\n";
    }
  });
  return "# fish completion of twinear; made by: twinear completion fish\n" + lines;
}

}  // namespace

std::string completion(const CLI::App& program, const std::string& shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  throw Error(Fault::config, fmt::format("\"{}\": expected bash, zsh or fish", shell));
}

void add_completion(Program& program) {
  const auto shell = std::make_shared<std::string>();
  auto command =
      program.command("completion", "A script that completes twinear's words in a shell");
  command.argument("SHELL", *shell, "bash, zsh or fish");
  command.footer("For this session of bash:\n  $ eval \"$(twinear completion bash)\"");
  command.run([shell, &program](const Common&) {
    fmt::print("{}", program.completion(*shell));
    return 0;
  });
}

}  // namespace twinear::cli
