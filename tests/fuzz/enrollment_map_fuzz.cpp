// SPDX-License-Identifier: Apache-2.0
// A list of the clips of each enrollment, as lines and as a CSV.
#include "fuzz/fuzz.h"
#include "twinear/error.h"
#include "twinear/scoring.h"

namespace twinear {

void fuzz_enrollment_map(std::string_view bytes) {
  for (const char* name : {"map", "map.csv"}) try {
      for (const auto& [enrollment, clips] : read_enrollment_map(fuzz_file(name, bytes)))
        require(!enrollment.empty() && !clips.empty());
    } catch (const Error&) {
    }
}

}  // namespace twinear
