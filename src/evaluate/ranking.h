// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "twinear/metrics.h"

namespace twinear {

/// The number of trials of each kind that have one score.
struct ScoreGroup {
  double score;
  std::uint32_t target, nontarget;
};

/// Sorts and counts the distinct scores. Throws std::invalid_argument where a side is empty and
/// Error (numeric) for a score that is not a number. O(n log n), 16 bytes for each trial.
std::vector<ScoreGroup> rank(const Scores& scores);

/// The numbers of trials between two neighboring thresholds of the convex hull of the ROC. As
/// doubles they are exact, and products of two do not overflow.
struct Block {
  double target = 0, nontarget = 0;
};

/// The convex hull by pool-adjacent-violators (Ayer et al. 1955). The share of targets rises from
/// block to block.
class Hull {
 public:
  /// Adds the trials with the next higher score. Two zeros add nothing.
  void push(double target, double nontarget) {
    if (target == 0 && nontarget == 0) return;
    std::size_t kept = blocks_.size();
    // compares t / (t + n) with t' / (t' + n') without a division
    for (; kept > 0 && blocks_[kept - 1].target * nontarget >= target * blocks_[kept - 1].nontarget;
         --kept) {
      target += blocks_[kept - 1].target;
      nontarget += blocks_[kept - 1].nontarget;
    }
    blocks_.resize(kept);
    blocks_.push_back({target, nontarget});
  }
  void clear() { blocks_.clear(); }
  std::span<const Block> blocks() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

/// The hull of a ranking. Tied scores begin in one block.
Hull pool(std::span<const ScoreGroup> ranking);

/// Finds the EER by linear interpolation, and the threshold nearest to it, from the error rates at
/// rising thresholds.
class Crossing {
 public:
  void see(double threshold, double miss, double false_alarm);
  double rate() const noexcept { return rate_; }
  double threshold() const noexcept { return threshold_; }

 private:
  double rate_ = 0, threshold_ = 0, miss_ = 0, apart_ = -1, nearest_ = 2;
};

/// The cost of a task at an operating point, divided by the cost of deciding without a score.
double cost(const Task& task, double miss, double false_alarm);

/// The factor that converts the sum of the mean softplus of both sides to bits.
inline constexpr double bits = 1 / (2 * std::numbers::ln2);

/// The functions of metrics.h for a ranking or, if it suffices, for its hull. O(n).
std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking);
Eer eer(std::span<const ScoreGroup> ranking);
double rocch_eer(const Hull& hull);
double min_dcf(const Hull& hull, const Task& task);
double min_cllr(const Hull& hull);

/// The LLR at which a task accepts: -logit of its effective prior.
double bayes_threshold(const Task& task);

/// Throws Error (format) where targets or nontargets are missing.
void check_both_kinds(std::size_t targets, std::size_t nontargets);

/// Throws std::invalid_argument, which begins with `where`, where a side is empty.
void check_both(const char* where, const Scores& scores);

/// Throws std::invalid_argument for a prior outside (0, 1) or a cost that is not positive.
void check(const Task& task);

}  // namespace twinear
