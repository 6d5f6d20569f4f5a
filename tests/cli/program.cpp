// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

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
  std::array<int, 2> theirs{-1, -1};
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe2");
    pipes_[i] = ends[0];
    theirs[i] = ends[1];
    posix_spawn_file_actions_adddup2(&actions, theirs[i], i == 0 ? STDOUT_FILENO : STDERR_FILENO);
  }
  const int code = posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  for (const int end : theirs) ::close(end);
  if (code != 0) throw std::system_error(code, std::generic_category(), program);
}

Running::~Running() {
  if (process_ < 0) return;
  send(SIGKILL);
  finish();
}

void Running::send(int signal) const { ::kill(process_, signal); }

bool Running::listen() {
  std::array<pollfd, 2> waiting{pollfd{pipes_[0], POLLIN, 0}, pollfd{pipes_[1], POLLIN, 0}};
  if (waiting[0].fd < 0 && waiting[1].fd < 0) return false;
  if (::poll(waiting.data(), waiting.size(), -1) < 0) return errno == EINTR;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
    std::array<char, 1U << 16U> bytes;
    const auto got = ::read(pipes_[i], bytes.data(), bytes.size());
    if (got > 0) {
      said_[i].append(bytes.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      ::close(pipes_[i]);
      pipes_[i] = -1;
    }
  }
  return true;
}

bool Running::says(const std::function<bool()>& condition) {
  while (!condition())
    if (!listen()) return condition();
  return true;
}

Outcome Running::finish() {
  while (listen()) {
  }
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
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
