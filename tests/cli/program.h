// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace twinear {

/// What a run of the program left behind.
struct Outcome {
  int code = -1;  ///< exit code; -1 for a program that a signal ended
  std::string out, err;
};

/// A run of the program under test. It belongs to one thread.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments,
                   const std::string& input = "/dev/null", std::string program = TWINEAR_PROGRAM);
  ~Running();  ///< a program that nobody waited for is killed
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void send(int signal) const;
  /// Waits until `condition` is true of what the program has said; false where it ends before that.
  bool says(const std::function<bool()>& condition);
  const std::string& out() const { return said_[0]; }  ///< what says() has seen so far
  const std::string& err() const { return said_[1]; }
  Outcome finish();  ///< waits for its end

 private:
  bool listen();  // waits for more; false once both ends are closed

  pid_t process_ = -1;
  std::array<int, 2> pipes_{-1, -1};  // of standard output and standard error
  std::array<std::string, 2> said_;
};

/// Runs the program to its end.
Outcome run(const std::vector<std::string>& arguments, const std::string& input = "/dev/null",
            const std::string& program = TWINEAR_PROGRAM);

/// A refusal as users are promised: exit code 2, nothing on standard output, and on standard error
/// one line that begins with "twinear: " and has `told` in it.
::testing::AssertionResult is_refusal(const Outcome& outcome, const std::string& told);

/// Every file and folder under `folder`.
std::vector<std::string> listing(const std::string& folder);

}  // namespace twinear
