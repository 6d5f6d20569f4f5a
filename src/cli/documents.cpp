// SPDX-License-Identifier: Apache-2.0
// What packages hold beside the program, made from its own help.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace twinear::cli {

void add_completion(Program& program) {
  const auto shell = std::make_shared<std::string>();
  auto command =
      program.command("completion", "A script that completes twinear's words in a shell");
  command.argument("SHELL", *shell, "bash, zsh or fish");
  command.footer("For this session of bash:\n  eval \"$(twinear completion bash)\"");
  command.run([shell, &program](const Common&) {
    fmt::print("{}", program.completion(*shell));
    return 0;
  });
}

void add_manual(Program& program) {
  struct Arguments {
    std::string folder, date;
  };
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("manual", "Writes the pages of the manual into a folder");
  command.argument("FOLDER", args->folder, "for twinear.1, and a page a command");
  command.argument("DATE", args->date, "as it stands at the foot of each page");
  command.hide();
  command.run([args, &program](const Common&) {
    const OutputFolder folder(args->folder);
    for (const auto& [name, text] : program.manual(args->date))
      write_file((std::filesystem::path(args->folder) / name).string(), text);
    return 0;
  });
}

}  // namespace twinear::cli
