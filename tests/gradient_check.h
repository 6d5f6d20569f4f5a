// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace twinear {

/// Fails where `gradient` is not the slope of `f` at `x`, as central differences see it.
/// `tolerance` is relative to max(1, |slope|).
inline void expect_slope(std::span<float> x, std::span<const float> gradient, auto f,
                         float step = 1e-2F, double tolerance = 2e-3) {
  ASSERT_EQ(x.size(), gradient.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float at = x[i];
    x[i] = at + step;
    const double up = f();
    const double above = x[i];
    x[i] = at - step;
    const double down = f();
    const double below = x[i];
    x[i] = at;
    const double slope = (up - down) / (above - below);
    EXPECT_NEAR(gradient[i], slope, tolerance * std::max(1.0, std::abs(slope)))
        << "at [" << i << "]";
  }
}

}  // namespace twinear
