// SPDX-License-Identifier: Apache-2.0
#include "features/logarithm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace twinear {
namespace {

float natural(float x) {
  Lanes row{};
  row[3] = x;
  logarithm(&row, 1, std::numeric_limits<float>::min(), 1.0F);
  return row[3];
}

TEST(Logarithm, IsTheNaturalOneOverTheWholeRangeOfFloats) {
  for (double x = 1.2e-38; x < 3.4e38; x *= 1.0007) {
    const double exact = std::log(static_cast<double>(static_cast<float>(x)));
    ASSERT_NEAR(natural(static_cast<float>(x)), exact, 1e-7 * std::max(1.0, std::abs(exact))) << x;
  }
}

TEST(Logarithm, IsExactAtOne) { EXPECT_EQ(natural(1.0F), 0.0F); }

TEST(Logarithm, CountsSmallerValuesAsTheFloor) {
  Lanes rows[2] = {};
  rows[0][0] = 1e-12F;
  rows[1][1] = -1.0F;
  logarithm(rows, 2, 1e-10F, 10.0F / std::log(10.0F));
  for (const Lanes& row : rows)
    for (const float value : row.values) EXPECT_NEAR(value, -100.0, 1e-4);
}

}  // namespace
}  // namespace twinear
