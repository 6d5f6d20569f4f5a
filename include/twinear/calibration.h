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

/// The error rates of accepting scores of at least `threshold`, on the calibration's own trials.
struct Threshold {
  double false_alarm, threshold, miss;
};

/// The durations of both clips of a trial in seconds; 0 means unknown.
struct Lengths {
  double a, b;
};

/// How the durations of the clips shift a score. The terms are natural-log LLRs, linear in the
/// natural logs of the durations and 0 at the means of the development trials.
struct LengthTerms {
  double shorter = 0.0, longer = 0.0;                    ///< weight of the shorter and longer clip
  double mean_log_shorter = 0.0, mean_log_longer = 0.0;  ///< means of the logs of seconds
};

/// A map from scores to natural-log likelihood ratios, fitted by logistic regression on development
/// trials.
struct Calibration {
  double scale = 1.0, offset = 0.0;  ///< llr = scale * score + offset
  std::string source;                ///< names the trials that it was fitted on
  std::size_t targets = 0, nontargets = 0;
  double eer = 0.0;                         ///< ROCCH-EER of those trials
  std::vector<Threshold> thresholds;        ///< by falling false-alarm rate: 0.5, 0.4, ...
  std::optional<LengthTerms> lengths = {};  ///< given if durations are a quality measure

  /// The amount to add to the raw score of clips of these durations: 0 if durations are no quality
  /// measure or one is unknown. All scores and thresholds below include it.
  double shift(const Lengths& seconds) const noexcept;
  /// The natural-log likelihood ratio of a score.
  double llr(double score) const noexcept { return scale * score + offset; }
  /// The probability that both clips have the same source, at a prior in (0, 1) for that.
  double probability(double score, double prior = 0.5) const noexcept;
  /// The score at which probability() is a half at this prior.
  double threshold(double prior = 0.5) const noexcept;
  /// The score from which trials are accepted at this false-alarm rate, or at the next lower one of
  /// `thresholds`. Throws Error (config) for a rate outside (0, 1), and for one that the
  /// calibration's trials are too few to resolve, which is one of fewer than 30 false alarms.
  double threshold_at(double false_alarm) const;
};

/// A calibration that uses the durations of clips as a quality measure if that helps.
struct LengthCalibration {
  Calibration calibration;
  /// Cllr without and with durations, on trials of speakers that the fit has not seen. Durations
  /// are taken if `cllr_with` is lower by more than a hundredth. Both are NaN, and durations are
  /// not taken, where there are too few speakers.
  double cllr_without, cllr_with;
};

/// Fits a calibration by prior-weighted logistic regression (Brummer and du Preez 2006), with
/// Newton's method in double. The result is finite for separable scores too. The line fits best
/// near the threshold of `prior`, in (0, 1): a low one serves applications in which the same source
/// is rare. Throws Error (numeric) if targets do not score higher, so that no rising map fits.
Calibration fit_calibration(const Scores& scores, std::string source, double prior = 0.5);

/// Fits a calibration with two more terms, the logs of the durations of the shorter and of the
/// longer clip (an additive quality measure function, Mandasari et al. 2013). `seconds` has a
/// duration above 0 for each of the table's names; std::invalid_argument is thrown otherwise.
LengthCalibration fit_calibration(const ScoreTable& trials, std::span<const double> seconds,
                                  const std::string& source, double prior = 0.5);

}  // namespace twinear
