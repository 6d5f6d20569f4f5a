// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear {

/// How two embeddings become a score: higher is more alike.
enum class Similarity {
  cosine,     ///< cosine()
  euclidean,  ///< -|a - b|
};
double similarity(std::span<const float> a, std::span<const float> b, Similarity by);

/// Of one side's scores against a cohort.
struct CohortStatistics {
  double mean, deviation;  ///< the population's: divided by n, as WeSpeaker does
};

/// Of the `top` highest scores; of all where there are no more, or where `top` is 0.
/// Throws Error (numeric) where they do not differ.
CohortStatistics cohort_statistics(std::vector<double> scores, std::size_t top);

/// ((s - mean_e) / deviation_e + (s - mean_t) / deviation_t) / 2: S-norm (Kenny 2010) with
/// statistics of the whole cohort, AS-norm (Matejka et al. 2017, its first kind) with those of each
/// side's nearest part.
double normalized(double score, const CohortStatistics& enroll, const CohortStatistics& test);

/// One embedding a label, in the order of `manifest.labels`: the mean of its rows taken as unit
/// vectors, itself a unit vector.
Matrix label_means(const Matrix& embeddings, const Manifest& manifest);

/// Enrollments of several clips.
enum class Average {
  embeddings,  ///< the unit vector along the mean of the clips' unit embeddings; Euclidean: the
               ///< mean
  scores,      ///< the mean of the clips' scores
};

/// Enrollment -> names of its clips.
using EnrollmentMap = std::map<std::string, std::vector<std::string>>;

/// Reads lines of `enrollment clip...` (Kaldi's spk2utt) or, from a name that ends in .csv, the
/// columns `enrollment,path`, a clip a line. Throws Error with file and line.
EnrollmentMap read_enrollment_map(const std::string& path);

/// How Verifier::score goes about it.
struct ScoreOptions {
  Similarity similarity = Similarity::cosine;
  std::string root;  ///< where names that `clips` does not have are looked up; "": as they are
  std::vector<Clip> clips;    ///< what names of clips stand for, with their labels
  EnrollmentMap enrollments;  ///< a name that is not among them is a clip's own
  Average average = Average::embeddings;
  /// Clips of other speakers, against which every score is normalized; none: not at all. Throws
  /// Error (mismatch) where a clip of the trials, or its label, is among them.
  std::vector<Clip> cohort;
  bool cohort_by_label = true;  ///< a cohort of label_means, else of single clips
  std::size_t top = 0;          ///< AS-norm by so many; 0: S-norm
  bool llr = false;             ///< the model's calibration applied, lengths of clips included
  int channel = -1;
};

}  // namespace twinear
