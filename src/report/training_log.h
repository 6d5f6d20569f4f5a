// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace twinear {

/// Numbers with named columns; NaN where a line did not have the number.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;
};

/// What a run wrote into its log.jsonl: a row per step interval and one per evaluation on dev.
struct TrainingLog {
  Table steps, epochs;  ///< both begin with the column `step`, which rises
};

/// Reads a log.jsonl. Of steps that a resumed run took again, the later lines count; a last line
/// without its end is left out: the run is alive or was killed. Lines of other kinds are skipped.
/// Throws Error (io; format with file and line).
TrainingLog read_training_log(const std::string& path);

}  // namespace twinear
