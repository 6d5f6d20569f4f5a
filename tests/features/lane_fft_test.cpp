// SPDX-License-Identifier: Apache-2.0
#include "features/lane_fft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"
#include "features/rfft.h"

namespace twinear {
namespace {

std::vector<Lanes> noise(std::size_t size) {
  Random random(size, Purpose::test);
  std::vector<Lanes> block(size);
  for (Lanes& row : block)
    for (float& value : row.values) value = static_cast<float>(random.uniform(-1.0, 1.0));
  return block;
}

TEST(LaneFft, EqualsKissFftForEverySupportedSize) {
  std::size_t sizes = 0;
  for (std::size_t size = 16; size <= 8192; size += 2) {
    if (!LaneFft::supports(size)) continue;
    ++sizes;
    auto block = noise(size);
    std::vector<Lanes> ours(size / 2 + 1), theirs(size / 2 + 1);
    Rfft(size).power(block.data(), theirs.data());
    LaneFft(size).power(block.data(), ours.data());
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      double largest = 0, error = 0;
      for (std::size_t k = 0; k < ours.size(); ++k) {
        largest = std::max<double>(largest, theirs[k][lane]);
        error = std::max<double>(error, std::abs(ours[k][lane] - theirs[k][lane]));
      }
      EXPECT_LT(error / largest, 1e-6) << size << ", lane " << lane;
    }
  }
  EXPECT_EQ(sizes, 131U);
}

TEST(LaneFft, ALaneDoesNotSeeTheOthers) {
  auto full = noise(512);
  std::vector<Lanes> alone(512);
  for (std::size_t i = 0; i < alone.size(); ++i) alone[i][5] = full[i][5];
  const LaneFft fft(512);
  std::vector<Lanes> of_full(257), of_alone(257);
  fft.power(full.data(), of_full.data());
  fft.power(alone.data(), of_alone.data());
  for (std::size_t k = 0; k < of_full.size(); ++k) {
    ASSERT_EQ(of_full[k][5], of_alone[k][5]) << k;
    ASSERT_EQ(of_alone[k][4], 0.0F) << k;
  }
}

TEST(LaneFft, SupportsEvenProductsOfTwoThreeAndFiveFromSixteen) {
  for (const std::size_t size : {16, 18, 50, 400, 480, 512, 1024, 1200})
    EXPECT_TRUE(LaneFft::supports(size)) << size;
  for (const std::size_t size : {0, 2, 8, 12, 14, 45, 401, 1102, 1103})
    EXPECT_FALSE(LaneFft::supports(size)) << size;
  EXPECT_THROW(LaneFft(1102), std::invalid_argument);
}

// Compares with a slow transform in double precision, for sizes that only KissFFT transforms.
TEST(Rfft, EqualsTheDefinitionOfTheTransform) {
  for (const std::size_t size : {14U, 62U, 63U, 401U}) {
    const auto block = noise(size);
    std::vector<Lanes> power(size / 2 + 1);
    Rfft(size).power(block.data(), power.data());
    for (std::size_t k = 0; k < power.size(); ++k) {
      double real = 0, imaginary = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const double angle =
            2.0 * std::numbers::pi * static_cast<double>(i * k) / static_cast<double>(size);
        real += block[i][3] * std::cos(angle);
        imaginary -= block[i][3] * std::sin(angle);
      }
      EXPECT_NEAR(power[k][3], real * real + imaginary * imaginary,
                  1e-4 * static_cast<double>(size))
          << size << ", " << k;
    }
  }
}

}  // namespace
}  // namespace twinear
