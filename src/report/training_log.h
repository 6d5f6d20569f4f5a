// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace twinear {

/// What a training run wrote into its log.jsonl.
struct TrainingLog {
  /// Numbers in named columns; NaN where a line lacked the number. The first column is `step`,
  /// which rises from row to row.
  struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<double>> rows;
  };
  Table steps;   ///< a row for each interval of steps that the run logged
  Table epochs;  ///< a row for each evaluation on the development set
};

/// Reads a log.jsonl. Where a resumed run repeated steps, the later lines count. A last line that
/// is not finished is left out, because the run is alive or was killed. Lines of other kinds are
/// skipped. Throws Error (io; format with file and line).
TrainingLog read_training_log(const std::string& path);

}  // namespace twinear
