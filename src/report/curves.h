// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "twinear/metrics.h"

namespace twinear {

/// The normal deviate below which a share p of a normal distribution lies: the axes of a DET plot.
/// p is moved into [1e-7, 1 - 1e-7] first, so that the result is finite.
double probit(double p);

/// The ends and at most `limit - 2` points between them, evenly spread along the drawn curve.
std::vector<OperatingPoint> thin(std::span<const OperatingPoint> curve, std::size_t limit);

/// Shares of the target and of the nontarget scores in bins of one width from `low` up.
struct Histogram {
  double low = 0, width = 1;
  std::vector<double> target, nontarget;  ///< each sums to 1
};
Histogram histogram(const Scores& scores, std::size_t bins);

/// What scores turn out to mean: the log-likelihood ratio of each part of the ranking by
/// pool-adjacent-violators, from one score to another. Parts of one kind of trial, whose ratio is
/// infinite, are left out.
struct MeantLlr {
  double from, to, llr;
};
std::vector<MeantLlr> meant_llrs(const Scores& scores);

}  // namespace twinear
