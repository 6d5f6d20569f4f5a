// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear {

/// The error rates of accepting normalized scores (Calibration::normalized) of at least
/// `threshold`, on the calibration's own trials.
struct Threshold {
  double false_alarm, threshold, miss;
};

/// The highest normalized scores of nontarget trials as an exponential distribution: the share
/// `rate` of them is at least `from`, and rate exp(-(x - from) / excess) is at least x above it.
struct Tail {
  double rate, from, excess;
};

/// The durations of both sides of a trial in seconds, each of all clips of its side; 0 means
/// unknown.
struct Lengths {
  double a = 0, b = 0;
};

/// How a quality measure of a trial changes the meaning of its score: the natural-log likelihood
/// ratio rises by (offset + slope * score) * (measure - mean), where the measure is kept within the
/// range [low, high] of the development trials. An unknown measure is taken as the mean.
struct QualityTerm {
  double offset = 0, slope = 0;
  double mean = 0, low = 0, high = 0;
};

/// The terms of the natural logs of the durations.
struct LengthTerms {
  QualityTerm shorter, longer;
};

/// A map from scores to natural-log likelihood ratios (LLR), fitted by logistic regression on
/// development trials.
struct Calibration {
  double scale = 1.0, offset = 0.0;  ///< llr = scale * score + offset for clips of the mean lengths
  std::string source;                ///< names the trials that it was fitted on
  std::size_t targets = 0, nontargets = 0;
  double eer = 0.0;                   ///< ROCCH-EER of those trials
  std::vector<Threshold> thresholds;  ///< by falling false-alarm rate: 0.5, 0.4, ...
  std::optional<Tail> tail = {};      ///< for false-alarm rates that the trials do not resolve
  std::optional<LengthTerms> lengths = {};  ///< absent if the score alone decides

  /// The natural-log likelihood ratio of a score, which rises with the score.
  double llr(double score, const Lengths& seconds = {}) const noexcept;
  /// The probability that both clips have the same source, at a prior in (0, 1) for that.
  double probability(double score, const Lengths& seconds = {}, double prior = 0.5) const noexcept;
  /// The score that has this LLR for clips of the mean lengths: (llr - offset) / scale. Thresholds
  /// are such scores.
  double normalized(double score, const Lengths& seconds) const noexcept;
  /// The score of clips of these lengths that has this normalized score.
  double score_of(double normalized, const Lengths& seconds) const noexcept;
  /// The normalized score at which probability() is a half at this prior.
  double threshold(double prior = 0.5) const noexcept;

  /// Whether the trials are enough for a false-alarm rate: they had 30 false alarms of it or more
  /// (Doddington et al. 2000).
  bool resolves(double false_alarm) const noexcept;
  /// The normalized score from which trials are accepted at this false-alarm rate, or at the next
  /// lower one of `thresholds`. For a rate that the trials do not resolve it comes from `tail` or,
  /// without one, from the bound that holds for true likelihood ratios: nontargets have one of x or
  /// more with a probability of at most 1 / x. Throws Error (config) for a rate outside (0, 1).
  double threshold_at(double false_alarm) const;
};

/// A trial of a calibration.
struct CalibrationTrial {
  double score;
  Lengths seconds;
  bool target;
  std::uint32_t speaker_a, speaker_b;  ///< whose clips they are
  std::uint32_t condition = 0;         ///< trials of one condition count together
};

/// A calibration, and the Cllr in bits without and with durations on trials of speakers that the
/// fit had not seen. Durations are taken if `cllr_with` is lower by more than a hundredth. Both are
/// NaN, and durations are not taken, where there are too few speakers or durations do not vary.
struct LengthCalibration {
  Calibration calibration;
  double cllr_without, cllr_with;
};

/// Fits a calibration by prior-weighted logistic regression (Brummer and du Preez 2006), with
/// Newton's method in double. The result is finite for separable scores too. The line fits best
/// near the threshold of `prior`, in (0, 1): a low one serves applications in which the same source
/// is rare. Throws Error (numeric) if targets do not score higher, so that no rising map fits.
Calibration fit_calibration(const Scores& scores, std::string source, double prior = 0.5);

/// Fits a calibration to trials of one or more conditions, with the durations as quality measures
/// (Mandasari et al. 2013) that also change the slope. Each condition has the same weight, of which
/// its targets have half and its nontargets the other half, however many there are; one that lacks
/// either does not count. For cllr_without and cllr_with, speakers are split into halves, each half
/// is judged by the fit of the other, and trials between the halves are left out. Throws as the
/// other.
LengthCalibration fit_calibration(std::span<const CalibrationTrial> trials, std::string source,
                                  double prior = 0.5);

/// Trials of scores, with the speakers that their target trials tell (find_speakers), and the
/// duration above 0 of each of the table's names (std::invalid_argument is thrown otherwise).
std::vector<CalibrationTrial> calibration_trials(const ScoreTable& table,
                                                 std::span<const double> seconds);

}  // namespace twinear
