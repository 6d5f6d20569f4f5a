// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace twinear {
namespace {

using Words = std::array<std::uint32_t, 4>;

// The known answers that Random123 publishes for philox4x32-10 (kat_vectors).
TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, IsAFunctionOfSeedPurposeAndPlace) {
  const auto drawn = [](Random random) {
    std::vector<std::uint32_t> words(9);
    std::ranges::generate(words, [&] { return random.next(); });
    return words;
  };
  const auto words = drawn(Random(1, Purpose::test, 2, 3));
  EXPECT_EQ(drawn(Random(1, Purpose::test, 2, 3)), words);
  EXPECT_NE(drawn(Random(2, Purpose::test, 2, 3)), words);
  EXPECT_NE(drawn(Random(1ULL << 32 | 1, Purpose::test, 2, 3)), words);
  EXPECT_NE(drawn(Random(1, Purpose::crop, 2, 3)), words);
  EXPECT_NE(drawn(Random(1, Purpose::test, 3, 3)), words);
  EXPECT_NE(drawn(Random(1, Purpose::test, 2, 4)), words);
}

TEST(Random, UniformNumbersFillTheInterval) {
  Random random(0, Purpose::test);
  double sum = 0, lowest = 1, highest = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.uniform();
    sum += x, lowest = std::min(lowest, x), highest = std::max(highest, x);
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
  EXPECT_GE(lowest, 0.0);
  EXPECT_LT(lowest, 1e-3);
  EXPECT_LT(highest, 1.0);
  EXPECT_GT(highest, 1 - 1e-3);
  EXPECT_NEAR(random.uniform(5.0, 5.0), 5.0, 0.0);
}

TEST(Random, BelowGivesEveryNumberEquallyOften) {
  Random random(0, Purpose::test);
  std::vector<int> times(7);
  for (int i = 0; i < 70000; ++i) ++times.at(random.below(7));
  for (const int count : times) EXPECT_NEAR(count, 10000, 400);
}

TEST(Random, NormalNumbersHaveTheMomentsOfTheirDistribution) {
  Random random(0, Purpose::test);
  double first = 0, second = 0, third = 0, fourth = 0;
  constexpr int count = 200000;
  for (int i = 0; i < count; ++i) {
    const double x = random.normal();
    first += x, second += x * x, third += x * x * x, fourth += x * x * x * x;
  }
  EXPECT_NEAR(first / count, 0.0, 0.01);
  EXPECT_NEAR(second / count, 1.0, 0.02);
  EXPECT_NEAR(third / count, 0.0, 0.04);
  EXPECT_NEAR(fourth / count, 3.0, 0.1);
}

TEST(Random, ShuffleGivesEveryOrderOfThreeEquallyOften) {
  std::map<std::vector<int>, int> times;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    std::vector<int> items{0, 1, 2};
    Random(seed, Purpose::test).shuffle(std::span(items));
    ++times[items];
  }
  EXPECT_EQ(times.size(), 6U);
  for (const auto& [order, count] : times) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace twinear
