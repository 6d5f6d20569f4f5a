// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "twinear/trials.h"

namespace twinear {

/// The cosine of two embeddings, <a, b> / (|a| |b|), computed in double: in [-1, 1] but for
/// rounding, and 0 where either is a zero vector. Throws std::invalid_argument for different sizes.
double cosine(std::span<const float> a, std::span<const float> b);

/// The scores of a trial list by their truth. A trial is accepted if its score is at least the
/// threshold. The functions below throw std::invalid_argument where either side is empty and Error
/// (numeric) for a score that is not a number.
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

/// The minimum detection cost: the smallest c_miss p Pmiss(t) + c_fa (1 - p) Pfa(t) at any
/// threshold t, divided by min(c_miss p, c_fa (1 - p)), which is the cost of deciding without a
/// score.
double min_dcf(const Scores& scores, const Task& task);

/// The cost that min_dcf() minimizes, at the Bayes threshold -logit(p_eff), where p_eff is the
/// prior weighted by the costs. `llrs` are natural-log likelihood ratios.
double act_dcf(const Scores& llrs, const Task& task);

/// The cost of natural-log likelihood ratios in bits (Brummer and du Preez 2006):
/// 1 / (2 ln 2) [mean softplus(-target) + mean softplus(nontarget)].
double cllr(const Scores& llrs);

/// The Cllr after the best rising map of the scores, which pool-adjacent-violators finds. Tied
/// scores are mapped to one value.
double min_cllr(const Scores& scores);

/// The rate of closed-set identification: the fraction of test clips whose highest score is a
/// target's. A target that ties with a nontarget does not count. Test clips without trials of both
/// kinds are left out; where all are, the result is std::nullopt.
std::optional<double> top_1(const ScoreTable& trials);

/// A 95 % interval. Both ends are NaN if it is unknown.
struct Interval {
  double low, high;
};

/// A figure and its interval.
struct Measured {
  double value;
  Interval interval;
};

/// Whether scores may be natural-log likelihood ratios: whether one lies outside [-2, 1], where all
/// cosines and all negated distances of embeddings lie.
bool may_be_llrs(const ScoreTable& trials);

/// What LLRs decide at even odds: the same source from an LLR of 0 on. The certainty of an answer
/// is its probability then, from 0.5 to 1. Targets and nontargets count as if there were as many of
/// both.
struct Decisions {
  Measured miss, false_alarm;  ///< the shares of targets and of nontargets that are decided wrongly
  /// The share of wrong ones among the answers whose certainty is at least 0.9, if there are any.
  std::optional<Measured> wrong_of_sure;
};

/// The answers from one certainty to another, and the share of right ones among them.
struct CertaintyBin {
  double from, to, mean;  ///< the least, the greatest and the mean certainty
  std::size_t targets, nontargets;
  Measured right;
};

/// The costs of one task: at the best threshold, and at the Bayes threshold.
struct TaskCost {
  Task task;
  double min_dcf, act_dcf;
  Interval min_dcf_interval, act_dcf_interval;
};

/// What evaluate() computes beside the figures of the scores.
struct EvaluationOptions {
  std::vector<Task> tasks{{.p_target = 0.01}, {.p_target = 0.05}};
  std::uint64_t seed = 0;
  int resamples = 1000;  ///< draws of the speakers for the intervals; 0: the intervals are NaN
  /// The clips that trials name, perhaps those of a manifest: their labels are the speakers. A clip
  /// without a label, and a name that no clip has, belongs to the speaker of its target trials.
  std::span<const Clip> clips = {};
  std::optional<bool> llrs = {};  ///< whether the scores are LLRs; if not said, may_be_llrs() tells
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
  std::optional<Decisions> decisions;  ///< if the scores are LLRs
  /// If the scores are LLRs, their answers by rising certainty: at most ten bins, and one for each
  /// 20 trials, with equal shares of the answers but for ties.
  std::vector<CertaintyBin> reliability;
};

/// Evaluates scored trials. The intervals are bootstrapped over speakers: clips of one label or
/// that target trials join are one speaker, each resample draws the speakers with replacement, and
/// a target trial counts as often as its speaker was drawn, a nontarget trial as often as the
/// product of both.
///
/// Resamples of a sample without an error have none either. Then the interval reaches to what so
/// many trials still allow, as if they were independent. For a rate of 0 that is the end of
/// Clopper and Pearson's (1934) interval, for one of 1 likewise; answers of unequal weights w count
/// as (sum w)^2 / sum w^2 (Kish 1965). For a cost it is its greatest value if a share a of the T
/// targets scored as the nontargets do, and a share b of the N nontargets as the targets do, where
/// (1 - a)^T (1 - b)^N is 0.025.
///
/// Takes O(n log n) for n trials and then O(n) a resample, with 16 bytes a trial. The result is
/// equal at any number of threads and for any order of the trials. Throws Error (format) where
/// targets or nontargets are missing, Error (numeric) for a score that is not a number, Error
/// (mismatch), which names the trial, where a target trial joins two labels or a nontarget trial
/// has one label, and std::invalid_argument for a task whose prior lies outside (0, 1) or whose
/// costs are not positive.
Evaluation evaluate(const ScoreTable& trials, const EvaluationOptions& options = {});
Evaluation evaluate(std::span<const ScoredTrial> trials, const EvaluationOptions& options = {});

}  // namespace twinear
