// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include "twinear/metrics.h"

namespace twinear {

/// The highest rate of errors that leaves n trials without one in 2.5 % of all samples, which is
/// the upper end of their 95 % interval (Clopper and Pearson 1934).
inline double allowed_rate(double n) { return 1 - std::pow(0.025, 1 / n); }

/// Lets the interval of a share of n trials that is 0 or 1, which no resample can change, reach to
/// what so many trials allow. An unknown interval stays unknown.
inline void reach_allowed(Measured& share, double n) {
  if (std::isnan(share.interval.low)) return;
  if (share.value == 0) share.interval.high = std::max(share.interval.high, allowed_rate(n));
  if (share.value == 1) share.interval.low = std::min(share.interval.low, 1 - allowed_rate(n));
}

/// Calls f(a, b) with pairs of error rates of targets and of nontargets that leave both kinds of
/// trial without an error in 2.5 % of all samples: from the highest a to the highest b.
template <class F>
void for_allowed_rates(double targets, double nontargets, const F& f) {
  constexpr int steps = 64;
  const double all = std::log(0.025);  // T ln(1 - a) + N ln(1 - b)
  for (int i = 0; i <= steps; ++i) {
    const double of_targets = all * (steps - i) / steps;
    f(-std::expm1(of_targets / targets), -std::expm1((all - of_targets) / nontargets));
  }
}

}  // namespace twinear
