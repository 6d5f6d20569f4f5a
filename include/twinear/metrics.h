// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "twinear/trials.h"

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

/// The share of test clips whose best-scoring enrollment is a target: identification in a closed
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

}  // namespace twinear
