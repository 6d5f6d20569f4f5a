// SPDX-License-Identifier: Apache-2.0
// A list of trials: it is not empty, and each trial names two clips.
#include "fuzz/fuzz.h"
#include "twinear/trials.h"

namespace twinear {

void fuzz_trials(std::string_view bytes) {
  const auto trials = read_trials(fuzz_file("trials", bytes));
  require(!trials.empty());
  for (const Trial& trial : trials) require(!trial.enroll.empty() && !trial.test.empty());
}

}  // namespace twinear
