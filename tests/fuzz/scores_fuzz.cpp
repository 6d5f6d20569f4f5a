// SPDX-License-Identifier: Apache-2.0
// A list of scored trials: scores are finite, clips have names.
#include <cmath>

#include "fuzz/fuzz.h"
#include "twinear/trials.h"

namespace twinear {

void fuzz_scores(std::string_view bytes) {
  const ScoreTable table = read_score_table(fuzz_file("scores", bytes));
  for (const auto& row : table.rows)
    require(std::isfinite(row.score) && row.enroll < table.names.size() &&
            row.test < table.names.size());
}

}  // namespace twinear
