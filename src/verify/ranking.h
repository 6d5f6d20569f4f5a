// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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

/// The figures of metrics.h from a ranking, each O(n). Groups without trials change nothing.
std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking);
Eer eer(std::span<const ScoreGroup> ranking);
double min_dcf(std::span<const ScoreGroup> ranking, const Task& task);
double min_cllr(std::span<const ScoreGroup> ranking);

}  // namespace twinear
