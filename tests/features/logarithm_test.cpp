// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/exponential.h"
#include "twinear/features.h"

namespace twinear {
namespace {

TEST(Logarithm, IsTheNaturalOneOverTheWholeRangeOfFloats) {
  for (double x = 1.2e-38; x < 3.4e38; x *= 1.0007) {
    const double exact = std::log(static_cast<double>(static_cast<float>(x)));
    ASSERT_NEAR(fast_log(static_cast<float>(x)), exact, 1e-7 * std::max(1.0, std::abs(exact))) << x;
  }
}

TEST(Logarithm, IsExactAtOne) { EXPECT_EQ(fast_log(1.0F), 0.0F); }

TEST(Logarithm, CountsSmallerValuesAsTheFloor) {
  const Matrix mel = LogMel({.log = LogScale::db})(std::vector<float>(400));
  ASSERT_EQ(mel.rows(), 1u);
  for (const float value : mel.values()) EXPECT_NEAR(value, -100.0, 1e-4);
}

}  // namespace
}  // namespace twinear
