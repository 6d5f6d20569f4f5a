// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace twinear {

/// What a run of the program left behind.
struct Outcome {
  int code = -1;  ///< exit code; -1 for a program that a signal ended
  std::string out, err;
};

/// A run of the program under test.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments,
                   const std::string& input = "/dev/null", std::string program = TWINEAR_PROGRAM);
  void send(int signal) const;
  std::string out() const, err() const;  ///< what it has said so far
  Outcome finish();                      ///< waits for its end

 private:
  TemporaryFolder folder_;
  pid_t process_;
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
