// SPDX-License-Identifier: Apache-2.0
#include "base/vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/lanes.h"

namespace twinear {
namespace {

TEST(Vectors, AreMultipliedInDouble) {
  const float x = 1.0F + 0x1p-20F;
  const std::vector<float> a{x, 2}, b{x, 3};
  EXPECT_EQ(dot(a, b), static_cast<double>(x) * x + 6);
  EXPECT_NE(static_cast<double>(x * x), static_cast<double>(x) * x);
  EXPECT_EQ(dot(a, std::vector<double>{0.5, 0.25}), 0.5 * static_cast<double>(x) + 0.5);
}

TEST(Vectors, HaveUnitVectorsAlongThemButForZero) {
  EXPECT_EQ(unit(std::vector<double>{3, 4}), (std::vector{0.6F, 0.8F}));
  EXPECT_EQ(unit(std::vector<float>{0, 0}), (std::vector{0.0F, 0.0F}));
  std::vector<double> sum{1, 1};
  add_unit(sum, std::vector<float>{0, -2});
  add_unit(sum, std::vector<float>{0, 0});
  EXPECT_EQ(sum, (std::vector<double>{1, 0}));
}

/// Calls it compiled for the CPU, as the library does.
TWINEAR_SIMD void sum_of_lanes(const float* values, float* to) {
  Vector<float> vectors[4];
  std::memcpy(vectors, values, sizeof vectors);
  sum_lanes(vectors, to);
}

TEST(Lanes, AreSummedForEachOfFourVectors) {
  std::vector<float> values(4 * lane_count);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % lane_count == i / lane_count ? 1000 * (i / lane_count) : i);
  std::vector<float> expected(4), found(4);
  for (std::size_t i = 0; i < values.size(); ++i) expected[i / lane_count] += values[i];
  sum_of_lanes(values.data(), found.data());
  EXPECT_EQ(found, expected);
}

TEST(Lanes, SquareIsTransposed) {
  std::vector<float> from(lane_count * 20), to(lane_count * 17);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  transpose(from.data(), 20, to.data(), 17);
  for (std::size_t i = 0; i < lane_count; ++i)
    for (std::size_t j = 0; j < lane_count; ++j) EXPECT_EQ(to[i * 17 + j], from[j * 20 + i]);
}

}  // namespace
}  // namespace twinear
