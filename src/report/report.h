// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twinear/dataset.h"
#include "twinear/metrics.h"

namespace twinear {

/// One system's scores on a trial list, as the report names it.
struct ReportedScores {
  std::string name;
  ScoreTable trials;
  Evaluation evaluation;
};

/// What a report shows; a part without content is left out.
struct ReportContent {
  std::string title;
  std::string training_log;  ///< path of a run's log.jsonl, for the training curves
  std::vector<ReportedScores> systems;
  std::optional<double> threshold;  ///< drawn in the histogram of the first system
};

/// Writes one self-contained HTML page: training curves, DET curves, score histograms, figures.
/// Readable offline, on a phone and on paper; no script or font is fetched.
void write_report(const std::string& path, const ReportContent& content);

}  // namespace twinear
