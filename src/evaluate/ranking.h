// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "twinear/metrics.h"

namespace twinear {

/// How often one score was given, to either kind of trial.
struct ScoreGroup {
  double score;
  std::uint32_t target, nontarget;
};

/// The distinct scores, rising. Throws std::invalid_argument where a side is empty and Error
/// (numeric) for a score that is not a number. O(n log n), 16 bytes a trial.
std::vector<ScoreGroup> rank(const Scores& scores);

/// Trials that no threshold of the convex hull of the ROC tells apart. Counts are doubles: exact,
/// and no product of two overflows.
struct Block {
  double target = 0, nontarget = 0;
};

/// The hull by pool-adjacent-violators (Ayer et al. 1955): from block to block the share of
/// targets rises.
class Hull {
 public:
  /// What lies next above; both 0 is passed over.
  void push(double target, double nontarget) {
    if (target == 0 && nontarget == 0) return;
    std::size_t kept = blocks_.size();
    // t / (t + n) >= t' / (t' + n'), without a division
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

/// The hull of a ranking: tied scores are one block from the start.
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

/// What a task costs at one operating point, over the cost of not listening.
double cost(const Task& task, double miss, double false_alarm);

/// A mean of ln(1 + e^x) over each side makes so many bits.
inline constexpr double bits = 1 / (2 * std::numbers::ln2);

/// The figures of metrics.h from a ranking or, where the hull is enough, from that. O(n).
std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking);
Eer eer(std::span<const ScoreGroup> ranking);
double rocch_eer(const Hull& hull);
double min_dcf(const Hull& hull, const Task& task);
double min_cllr(const Hull& hull);

/// The LLR at which a task accepts: -logit of its effective prior.
double bayes_threshold(const Task& task);

/// Throws Error (format) where targets or nontargets are missing.
void check_both_kinds(std::size_t targets, std::size_t nontargets);

/// Throws std::invalid_argument for a prior outside (0, 1) or a cost that is not positive.
void check(const Task& task);

}  // namespace twinear
