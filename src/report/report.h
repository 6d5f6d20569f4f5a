// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twinear/calibration.h"
#include "twinear/matrix.h"
#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear {

/// One system's scores on a trial list, as the report names it.
struct ReportedScores {
  std::string name;
  ScoreTable trials;
  Evaluation evaluation;
};

/// An error for people to listen to. A sound is a data URI; empty: no player.
struct ReportedError {
  bool target;  ///< of the same source, and missed; else a false alarm
  double score;
  std::string enroll, test, enroll_sound, test_sound;
};

/// Clips where the model puts them.
struct ReportedEmbeddings {
  std::vector<std::string> clips, speakers;  ///< of each row
  Matrix rows;
};

/// What a report shows; a part without content is left out.
struct ReportContent {
  std::string title;
  std::string training_log;  ///< path of a run's log.jsonl, for the training curves
  std::vector<ReportedScores> systems;
  std::optional<double> threshold;              ///< drawn in the histogram of the first system
  std::optional<Calibration> calibration = {};  ///< of the first system's scores, in its plot
  std::vector<ReportedError> errors = {};       ///< of the first system
  ReportedEmbeddings embeddings = {};
};

/// Writes one self-contained HTML page: figures, DET curves, score histograms, calibration, errors
/// to listen to, a map of embeddings (PCA; UMAP where the library was there at build time),
/// training. Readable offline, on a phone and on paper; no script or font is fetched.
void write_report(const std::string& path, const ReportContent& content);

}  // namespace twinear
