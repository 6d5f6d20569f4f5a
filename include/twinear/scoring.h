// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "twinear/error.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear {

/// How two embeddings are compared.
enum class Similarity {
  cosine,     ///< cosine()
  euclidean,  ///< -|a - b|
};
/// The score of two embeddings of one size: higher is more similar. Throws std::invalid_argument
/// for different sizes.
double similarity(std::span<const float> a, std::span<const float> b, Similarity by);

/// The statistics of one side's scores against a cohort.
struct CohortStatistics {
  double mean, deviation;  ///< the deviation is the population's: divided by n, as in WeSpeaker
};

/// The statistics of the `top` highest scores, or of all if `top` is 0 or there are no more. Throws
/// Error (numeric) for scores that are equal.
CohortStatistics cohort_statistics(std::vector<double> scores, std::size_t top);

/// Normalizes a score: ((s - mean_e) / deviation_e + (s - mean_t) / deviation_t) / 2. This is
/// S-norm (Kenny 2010) with the statistics of the whole cohort, and AS-norm (Matejka et al. 2017,
/// the first kind) with those of the highest scores of each side.
double normalized(double score, const CohortStatistics& enroll, const CohortStatistics& test);

/// One row for each of `manifest.labels`, in their order: the unit vector along the mean of the
/// unit vectors of the label's clips. The unit vectors of clips without a label follow.
Matrix label_means(const Matrix& embeddings, const Manifest& manifest);

/// What is averaged for an enrollment of several clips.
enum class Average {
  embeddings,  ///< the clips' unit embeddings, to a unit vector; for Euclidean, the embeddings
  scores,      ///< the mean of the clips' scores
};

/// Enrollments, and the names of their clips.
using EnrollmentMap = std::map<std::string, std::vector<std::string>>;

/// Reads lines of `enrollment clip...` (Kaldi's spk2utt) or, if `path` ends in .csv, a CSV file
/// with the columns `enrollment,path` and a line for each clip. Throws Error (io; format with the
/// line).
EnrollmentMap read_enrollment_map(const std::string& path);

/// The options of Verifier::score.
struct ScoreOptions {
  Similarity similarity = Similarity::cosine;
  std::string root;           ///< folder of the files that trials name; "" takes names as paths
  std::vector<Clip> clips;    ///< clips that trials name; other names are files in `root`
  EnrollmentMap enrollments;  ///< a name that is not among them is that of a clip
  Average average = Average::embeddings;
  /// Clips of other sources, by which every score is normalized; empty for no normalization. A clip
  /// of the trials among them, or its label, is an Error (mismatch).
  std::vector<Clip> cohort;
  bool cohort_by_label = true;  ///< whether label_means are the cohort, or the clips themselves
  std::size_t top = 0;          ///< the number of highest scores for AS-norm; 0 means S-norm
  bool llr = false;  ///< whether scores become log-likelihood ratios by the model's calibration
  int channel = -1;  ///< the channel of files, counted from 0; -1 averages all channels
  /// Called for each clip that cannot be embedded; its trials are then left out. Without it the
  /// first such error is thrown. A clip of the cohort is always needed.
  std::function<void(const Error&)> on_bad_clip = {};
};

}  // namespace twinear
