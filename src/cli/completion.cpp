// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

/// A shell and its script, which asks `twinear completion words` for the words that may come next.
struct Shell {
  std::string_view name, script;
};
constexpr std::array shells{
    Shell{"bash", R"(# bash completion of twinear; made by: twinear completion bash
_twinear() {
  local found
  found=$(twinear completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) && compopt +o default
  mapfile -t COMPREPLY < <(printf '%s' "$found" | cut -f 1)
}
complete -o default -F _twinear twinear
)"},
    Shell{"zsh", R"(#compdef twinear
# zsh completion of twinear; made by: twinear completion zsh
_twinear() {
  local found
  local -a described
  if found=$(twinear completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null); then
    described=("${(@)${(@f)found}/$'\t'/:}")
    [[ -z $found ]] || _describe twinear described
  else
    _files
  fi
}
if [[ $funcstack[1] == _twinear ]]; then _twinear "$@"; else compdef _twinear twinear; fi
)"},
    Shell{"fish", R"(# fish completion of twinear; made by: twinear completion fish
function __twinear
  twinear completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
  or __fish_complete_path (commandline -ct)
end
complete -c twinear -f -a '(__twinear)'
)"}};

/// What stands in help for a value that is a file or a folder.
constexpr std::array<std::string_view, 10> file_types{"CSV",  "DB",    "DIR",   "FILE", "FOLDER",
                                                      "HTML", "JSONL", "MODEL", "OUT",  "SCORES"};

struct Candidate {
  std::string word, help;
};

/// The words that may come after `before`, or nothing if that is a file.
std::optional<std::vector<Candidate>> candidates(const CLI::App& program,
                                                 std::span<const std::string> before,
                                                 bool wants_option) {
  const CLI::App* app = &program;
  for (const auto& word : before)
    for (const auto* command : app->get_subcommands({}))
      if (command->get_name() == word) app = command;
  std::vector<Candidate> found;
  const auto* last = before.empty() ? nullptr : app->get_option_no_throw(before.back());
  if (last != nullptr && !last->get_positional() && last->get_items_expected_max() > 0) {
    const std::string type = last->get_type_name();
    if (std::ranges::find(file_types, type) != file_types.end()) return std::nullopt;
    if (type.find('|') != std::string::npos)
      for (const auto& word : CLI::detail::split(type, '|')) found.push_back({word, ""});
    return found;
  }
  if (wants_option) {
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_snames())
        found.push_back({"-" + name, option->get_description()});
      for (const auto& name : option->get_lnames())
        found.push_back({"--" + name, option->get_description()});
    }
    return found;
  }
  for (const auto* command : app->get_subcommands({}))
    found.push_back({command->get_name(), command->get_description()});
  return found.empty() ? std::nullopt : std::optional(found);
}

/// Prints the words that the last of `words` can become, each with a tab and its help; returns 1 if
/// it is a file. "--name=value" is one word in some shells, and three in bash.
int complete(const CLI::App& program, std::vector<std::string> words) {
  std::string current = words.empty() || words.back() == "=" ? "" : words.back();
  if (!words.empty()) words.pop_back();
  std::erase(words, "=");
  std::string start;  // "--name=", if the word has a value, too
  if (const auto equals = current.find('='); current.starts_with("--") && equals != current.npos) {
    start = current.substr(0, equals + 1);
    words.push_back(current.substr(0, equals));
    current.erase(0, equals + 1);
  }
  const auto found = candidates(program, words, current.starts_with('-'));
  if (!found) return 1;
  for (const auto& [word, help] : *found)
    if (word.starts_with(current)) fmt::print("{}{}\t{}\n", start, word, help);
  return 0;
}

}  // namespace

void add_completion(Program& program) {
  struct Arguments {
    std::string shell;
    std::vector<std::string> words;
  };
  const auto args = std::make_shared<Arguments>();
  auto command =
      program.add("completion", "Prints a script that completes words in a shell",
                  [args, &program](const Common&) {
                    if (args->shell == "words") return complete(program.app(), args->words);
                    const auto shell = std::ranges::find(shells, args->shell, &Shell::name);
                    if (shell == shells.end())
                      throw Error(Fault::config,
                                  fmt::format("\"{}\": expected bash, zsh or fish", args->shell));
                    fmt::print("{}", shell->script);
                    return 0;
                  });
  command.argument("SHELL", args->shell, "is bash, zsh or fish");
  command.argument("WORD", args->words, "are the words so far, where SHELL is \"words\"",
                   Need::optional);
  command.footer("For this session of bash:\n  $ eval \"$(twinear completion bash)\"");
}

}  // namespace twinear::cli
