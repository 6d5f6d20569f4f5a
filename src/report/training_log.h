// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace twinear {

/// The log.jsonl of a training run.
struct TrainingLog {
  /// Numbers in named columns; a number that a line lacks is NaN. The first column is `step`,
  /// which rises from row to row.
  struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<double>> rows;
  };
  Table steps;   ///< a row for each interval of steps that the run logged
  Table epochs;  ///< a row for each evaluation on the development set
};

/// Reads a log.jsonl. The later lines count for steps that a resumed run repeated. A last line that
/// is not finished is left out, because the run is alive or was killed. Lines of other kinds are
/// skipped. Throws Error (io; format with file and line).
TrainingLog read_training_log(const std::string& path);

}  // namespace twinear
