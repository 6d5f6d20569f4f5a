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

/// Trials that no threshold of the convex hull of the ROC tells apart.
struct Block {
  std::uint64_t target = 0, nontarget = 0;
};

/// The hull by pool-adjacent-violators (Ayer et al. 1955): from block to block the share of
/// targets rises. Tied scores are one block from the start; groups of no trials are passed over.
std::vector<Block> pool(std::span<const ScoreGroup> ranking);

/// What a task costs at one operating point, over the cost of not listening.
double cost(const Task& task, double miss, double false_alarm);

/// A mean of ln(1 + e^x) over each side makes so many bits.
inline constexpr double bits = 1 / (2 * std::numbers::ln2);

/// The figures of metrics.h from a ranking or, where the hull is enough, from that. O(n).
std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking);
Eer eer(std::span<const ScoreGroup> ranking);
double rocch_eer(std::span<const Block> hull);
double min_dcf(std::span<const Block> hull, const Task& task);
double min_cllr(std::span<const Block> hull);

}  // namespace twinear
