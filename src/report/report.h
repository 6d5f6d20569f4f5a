// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twinear/calibration.h"
#include "twinear/groups.h"
#include "twinear/matrix.h"
#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear {

/// The figures of groups of trials, and what tells them apart, for example "length".
struct ReportedGroups {
  std::string by;
  std::vector<GroupEvaluation> groups;
};

/// The scores of one system on a trial list, and its name in the report.
struct ReportedScores {
  std::string name;
  ScoreTable trials;
  Evaluation evaluation;
  std::vector<ReportedGroups> groups = {};
};

/// An error to listen to. A sound is a data URI, or empty for none.
struct ReportedError {
  bool target;  ///< a missed trial of the same source; else a false alarm
  double score;
  std::string enroll, test, enroll_sound, test_sound;
};

/// Clips and their embeddings, a row for each.
struct ReportedEmbeddings {
  std::vector<std::string> clips, speakers;  ///< names, one for each row
  Matrix rows;
};

/// What a report shows; a part without content is left out.
struct ReportContent {
  std::string title;
  std::string training_log;  ///< path of a run's log.jsonl, for the training curves
  std::vector<ReportedScores> systems;
  std::optional<double> threshold;              ///< drawn in the histogram of the first system
  std::optional<Calibration> calibration = {};  ///< of the first system's scores
  std::vector<ReportedError> errors = {};       ///< of the first system
  ReportedEmbeddings embeddings = {};
};

/// Writes one HTML page that fetches nothing: figures, also by groups, DET curves, score
/// histograms, calibration, reliability, errors to listen to, a map of embeddings (by PCA, and by
/// UMAP if the build found the library) and the curves of training. Throws Error (io), and as
/// read_training_log.
void write_report(const std::string& path, const ReportContent& content);

}  // namespace twinear
