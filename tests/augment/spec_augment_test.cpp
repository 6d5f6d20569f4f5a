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

/// Mel bins of which every value is the mean.
std::size_t masked_bins(const std::vector<float>& values) {
  std::size_t masked = 0;
  for (std::size_t b = 0; b < bins; ++b) {
    bool all = true;
    for (std::size_t t = 0; t < frames; ++t) all = all && values[t * bins + b] == 1000.0F;
    masked += all ? 1 : 0;
  }
  return masked;
}

TEST(SpecAugment, MasksWholeMelBinsUpToTheirWidth) {
  std::size_t highest = 0;
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    auto values = ramp();
    Random random(1, Purpose::test, draw);
    spec_augment(
        values, bins,
        {.frequency_masks = 1, .frequency_mask_width = 6, .time_masks = 0, .time_mask_width = 0},
        random);
    const std::size_t masked = masked_bins(values);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < values.size(); ++i) changed += values[i] != ramp()[i] ? 1 : 0;
    EXPECT_EQ(changed, masked * frames);
    highest = std::max(highest, masked);
  }
  EXPECT_EQ(highest, 6U);
}

TEST(SpecAugment, MasksWholeFramesUpToTheirWidth) {
  std::size_t highest = 0, lowest = frames;
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    auto values = ramp();
    Random random(2, Purpose::test, draw);
    spec_augment(
        values, bins,
        {.frequency_masks = 0, .frequency_mask_width = 0, .time_masks = 1, .time_mask_width = 9},
        random);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < values.size(); ++i) changed += values[i] != ramp()[i] ? 1 : 0;
    EXPECT_EQ(changed % bins, 0U);
    highest = std::max(highest, changed / bins);
    lowest = std::min(lowest, changed / bins);
  }
  EXPECT_EQ(highest, 9U);
  EXPECT_EQ(lowest, 0U);
}

TEST(SpecAugment, AMaskCoversAtMostHalf) {
  for (std::uint32_t draw = 0; draw < 100; ++draw) {
    auto values = ramp();
    Random random(3, Purpose::test, draw);
    spec_augment(
        values, bins,
        {.frequency_masks = 1, .frequency_mask_width = 1000, .time_masks = 0, .time_mask_width = 0},
        random);
    EXPECT_LE(masked_bins(values), bins / 2);
  }
}

TEST(SpecAugment, SameStreamSameMasks) {
  const auto masked = [](std::uint64_t seed) {
    auto values = ramp();
    Random random(seed, Purpose::test);
    spec_augment(values, bins, {}, random);
    return values;
  };
  EXPECT_EQ(masked(1), masked(1));
  EXPECT_NE(masked(1), masked(2));
  std::vector<float> none;
  Random random(1, Purpose::test);
  spec_augment(none, bins, {}, random);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace twinear
