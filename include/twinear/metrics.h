// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/dataset.h"

namespace twinear {

/// The score of two embeddings: <a, b> / (|a| |b|), in double; 0 where either is a zero vector.
double cosine(std::span<const float> a, std::span<const float> b);

/// The scores of a trial list. A trial is accepted iff its score is at least the threshold.
struct Scores {
  std::vector<double> target, nontarget;
};

/// Splits scored trials by their truth. Throws Error (format) where either side is empty.
Scores split_scores(std::span<const ScoredTrial> trials);
Scores split_scores(const ScoreTable& trials);

/// One point of the detection trade-off: the error rates of accepting score >= threshold.
struct OperatingPoint {
  double threshold, miss, false_alarm;
};

/// Pmiss and Pfa at every distinct score and at +infinity, by rising threshold. Tied scores move
/// together, so the result does not depend on the order of trials. O(n log n).
std::vector<OperatingPoint> det_curve(const Scores& scores);

/// The equal error rate, in [0, 1].
struct Eer {
  double rocch;      ///< on the convex hull of the ROC (PAV), the number to print
  double roc;        ///< by linear interpolation between the two points around Pmiss = Pfa
  double threshold;  ///< of the point nearest to Pmiss = Pfa
};
Eer eer(const Scores& scores);

/// A detection task: prior of a target, cost of a miss and of a false alarm.
struct Task {
  double p_target = 0.01, c_miss = 1.0, c_false_alarm = 1.0;
};

/// min over t of c_miss p Pmiss(t) + c_fa (1 - p) Pfa(t), over min(c_miss p, c_fa (1 - p)).
double min_dcf(const Scores& scores, const Task& task);

/// The same cost at the Bayes threshold -logit(p_eff): `scores` must be natural-log LLRs.
double act_dcf(const Scores& llrs, const Task& task);

/// 1 / (2 ln 2) [mean softplus(-target) + mean softplus(nontarget)], of natural-log LLRs: bits.
double cllr(const Scores& llrs);

/// Cllr after the best monotone map (PAV; in a tie targets count as inferior).
double min_cllr(const Scores& scores);

/// The share of test clips whose best-scoring enrolment is a target: identification in a closed
/// set. A target that ties with a nontarget does not count. Of the tests that meet both kinds; none
/// where no test does.
std::optional<double> top_1(const ScoreTable& trials);

/// A 95 % interval.
struct Interval {
  double low, high;
};

/// What one task costs.
struct TaskCost {
  Task task;
  double min_dcf, act_dcf;
  Interval min_dcf_interval, act_dcf_interval;
};

/// What `evaluate` also works out.
struct EvaluationOptions {
  std::vector<Task> tasks{{.p_target = 0.01}, {.p_target = 0.05}};
  std::uint64_t seed = 0;
  int resamples = 1000;  ///< of the speakers, for the intervals; with none those are NaN
};

/// Every figure of an evaluation, with 95 % intervals by bootstrap over speakers.
struct Evaluation {
  std::size_t targets, nontargets, speakers;
  Eer eer;
  Interval eer_interval;
  std::vector<TaskCost> tasks;  ///< in the order of the options
  double cllr, min_cllr;
  Interval cllr_interval, min_cllr_interval;
  std::optional<double> top_1;
  Interval top_1_interval;
};

/// Speakers are the groups of clips that target trials join: they are drawn anew, and a target
/// trial counts as often as its speaker, a nontarget one as often as both of its speakers. O(n log
/// n), then O(n) a resample; 16 bytes a trial. Equal at any number of threads and for any order of
/// trials.
Evaluation evaluate(const ScoreTable& trials, const EvaluationOptions& options = {});
Evaluation evaluate(std::span<const ScoredTrial> trials, const EvaluationOptions& options = {});

/// What accepting at `threshold` costs: measured on the calibration's own trials.
struct Threshold {
  double false_alarm, threshold, miss;
};

/// Seconds of sound on the two sides of a trial.
struct Lengths {
  double a, b;
};

/// What the lengths of the clips say about a score, centred on the mean of development trials: in
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
