// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear {

/// What accepting at `threshold` costs: measured on the calibration's own trials.
struct Threshold {
  double false_alarm, threshold, miss;
};

/// Seconds of sound on the two sides of a trial.
struct Lengths {
  double a, b;
};

/// What the lengths of the clips say about a score, centered on the mean of development trials: in
/// natural-log LLR per unit of the natural log of seconds.
struct LengthTerms {
  double shorter = 0.0, longer = 0.0;                    ///< weights, for either clip of a trial
  double mean_log_shorter = 0.0, mean_log_longer = 0.0;  ///< where the terms are 0
};

/// Score -> natural-log likelihood ratio, fitted by logistic regression on development trials.
struct Calibration {
  double scale = 1.0, offset = 0.0;  ///< llr = scale * score + offset
  std::string source;                ///< what it was fitted on, for people
  std::size_t targets = 0, nontargets = 0;
  double eer = 0.0;                         ///< ROCCH-EER of those trials
  std::vector<Threshold> thresholds;        ///< by falling false-alarm rate: 0.5, 0.4, ...
  std::optional<LengthTerms> lengths = {};  ///< where lengths are a quality measure

  /// What to add to a raw score of clips of these lengths before all that follows: 0 where lengths
  /// are no quality measure. All scores and thresholds below are with it.
  double shift(const Lengths& seconds) const noexcept;
  double llr(double score) const noexcept { return scale * score + offset; }
  /// The posterior of "same" at a prior (default: even odds).
  double probability(double score, double prior = 0.5) const noexcept;
  /// The raw score at which the posterior of "same" is a half at this prior.
  double threshold(double prior = 0.5) const noexcept;
  /// The raw score accepted at this false-alarm rate, or at the next lower one of `thresholds`.
  /// Throws Error (config) for a rate that the trials behind the calibration were too few to
  /// resolve: under 30 false alarms.
  double threshold_at(double false_alarm) const;
};

/// A calibration with the lengths of clips as a quality measure, where that helps.
struct LengthCalibration {
  Calibration calibration;
  /// Of trials of speakers that the fit had not seen: the lengths are taken where `cllr_with` is
  /// lower by more than a hundredth. NaN for too few speakers, and then they are not taken.
  double cllr_without, cllr_with;
};

/// Prior-weighted logistic regression (Brummer and du Preez 2006), by Newton's method in double;
/// finite also for separable scores. `prior`, above 0 and under 1, says where the line is to fit
/// best: a low one near the thresholds of applications in which the same source is rare.
/// Throws Error (numeric) where no rising map fits (scores anti-correlate).
Calibration fit_calibration(const Scores& scores, std::string source, double prior = 0.5);

/// The same with two more terms, the logs of the shorter and of the longer clip (an additive
/// quality measure function, Mandasari et al. 2013); `seconds` for each of the table's names.
LengthCalibration fit_calibration(const ScoreTable& trials, std::span<const double> seconds,
                                  const std::string& source, double prior = 0.5);

}  // namespace twinear
