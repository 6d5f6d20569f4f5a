// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/report.h"
#include "twinear/verifier.h"

namespace twinear {

/// What a report of scored trials shows beside their figures; a part is left out where its source
/// is empty.
struct ReportSources {
  std::string training_log;            ///< path of a run's log.jsonl, for the training curves
  std::string root;                    ///< folder in which the names of the trials are audio files
  std::string manifest;                ///< or a manifest whose clips have the names of the trials
  const Verifier* verifier = nullptr;  ///< model of the scores, for calibration and map
};

/// The report of evaluated systems, of which there is at least one. For the first it also has the
/// errors farthest from the equal-error threshold, to listen to, and where there is a model its
/// calibration and a map of the clips of some speakers. Throws Error for a manifest, a training log
/// or a clip that cannot be read.
ReportContent compose_report(std::vector<ReportedScores> systems, const ReportSources& sources);

}  // namespace twinear
