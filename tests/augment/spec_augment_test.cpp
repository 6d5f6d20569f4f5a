// SPDX-License-Identifier: Apache-2.0
#include "augment/spec_augment.h"

#include <gtest/gtest.h>

#include <vector>

namespace twinear {
namespace {

constexpr std::size_t bins = 20, frames = 30;

/// Rows that are all different; their mean is 1000.
std::vector<float> ramp() {
  std::vector<float> values(frames * bins);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i) - 299.5F + 1000.0F;
  return values;
}

/// Bands (or frames) of which every value is the mean.
std::size_t hidden_bands(const std::vector<float>& values) {
  std::size_t hidden = 0;
  for (std::size_t b = 0; b < bins; ++b) {
    bool all = true;
    for (std::size_t t = 0; t < frames; ++t) all = all && values[t * bins + b] == 1000.0F;
    hidden += all ? 1 : 0;
  }
  return hidden;
}

TEST(SpecAugment, HidesWholeBandsUpToTheirWidth) {
  std::size_t most = 0;
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    auto values = ramp();
    Random random(1, Purpose::test, draw);
    mask(values, bins, {.bands = 1, .band_width = 6, .frames = 0, .frame_width = 0}, random);
    const std::size_t hidden = hidden_bands(values);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < values.size(); ++i) changed += values[i] != ramp()[i] ? 1 : 0;
    EXPECT_EQ(changed, hidden * frames);
    most = std::max(most, hidden);
  }
  EXPECT_EQ(most, 6U);
}

TEST(SpecAugment, HidesWholeFramesUpToTheirWidth) {
  std::size_t most = 0, least = frames;
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    auto values = ramp();
    Random random(2, Purpose::test, draw);
    mask(values, bins, {.bands = 0, .band_width = 0, .frames = 1, .frame_width = 9}, random);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < values.size(); ++i) changed += values[i] != ramp()[i] ? 1 : 0;
    EXPECT_EQ(changed % bins, 0U);
    most = std::max(most, changed / bins);
    least = std::min(least, changed / bins);
  }
  EXPECT_EQ(most, 9U);
  EXPECT_EQ(least, 0U);
}

TEST(SpecAugment, AMaskHidesAtMostHalf) {
  for (std::uint32_t draw = 0; draw < 100; ++draw) {
    auto values = ramp();
    Random random(3, Purpose::test, draw);
    mask(values, bins, {.bands = 1, .band_width = 1000, .frames = 0, .frame_width = 0}, random);
    EXPECT_LE(hidden_bands(values), bins / 2);
  }
}

TEST(SpecAugment, SameStreamSameMasks) {
  const auto masked = [](std::uint64_t seed) {
    auto values = ramp();
    Random random(seed, Purpose::test);
    mask(values, bins, {}, random);
    return values;
  };
  EXPECT_EQ(masked(1), masked(1));
  EXPECT_NE(masked(1), masked(2));
  std::vector<float> none;
  Random random(1, Purpose::test);
  mask(none, bins, {}, random);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace twinear
