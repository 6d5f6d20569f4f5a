// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "base/files.h"

namespace twinear {

Running::Running(const std::vector<std::string>& arguments, const std::string& input,
                 std::string program) {
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{program.data()};
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (folder_ / "out").c_str(),
                                   O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "err").c_str(),
                                   O_WRONLY | O_CREAT, 0600);
  const int code = posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw std::system_error(code, std::generic_category(), program);
}

void Running::send(int signal) const { ::kill(process_, signal); }

std::string Running::out() const { return read_file(folder_ / "out"); }
std::string Running::err() const { return read_file(folder_ / "err"); }

Outcome Running::finish() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out(), err()};
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input,
            const std::string& program) {
  return Running(arguments, input, program).finish();
}

::testing::AssertionResult is_refusal(const Outcome& outcome, const std::string& told) {
  const bool one_line = std::ranges::count(outcome.err, '\n') == 1 && outcome.err.ends_with('\n');
  if (outcome.code == 2 && outcome.out.empty() && one_line &&
      outcome.err.starts_with("twinear: ") && outcome.err.find(told) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "exit code " << outcome.code << "\nstandard output: " << outcome.out
         << "\nstandard error: " << outcome.err << "\nexpected it to tell: " << told;
}

std::vector<std::string> listing(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  return paths;
}

}  // namespace twinear
