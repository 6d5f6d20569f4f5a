// SPDX-License-Identifier: Apache-2.0
#include "augment/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "features/golden_signal.h"
#include "features/rfft.h"

namespace twinear {
namespace {

/// |FFT|^2 of a million samples of noise.
std::vector<float> spectrum(double slope_db) {
  Random random(3, Purpose::test);
  const auto noise = colored_noise(1 << 20, slope_db, 16000, random);
  std::vector<float> power(noise.size() / 2 + 1);
  Rfft(noise.size()).power(noise, power);
  return power;
}

/// Mean power density between two frequencies, in decibels.
double density_db(const std::vector<float>& power, double low_hz, double high_hz) {
  double sum = 0, bins = 0;
  for (std::size_t k = 0; k < power.size(); ++k) {
    const double hz = 8000.0 * static_cast<double>(k) / static_cast<double>(power.size() - 1);
    if (hz < low_hz || hz >= high_hz) continue;
    sum += power[k];
    ++bins;
  }
  return 10.0 * std::log10(sum / bins);
}

TEST(ColoredNoise, ItsDensityHasTheSlopeAskedFor) {
  for (const double slope : {-6.0, -3.0, 0.0, 3.0}) {
    const auto noise = spectrum(slope);
    for (double hz = 62.5; hz < 2000; hz *= 2)
      EXPECT_NEAR(density_db(noise, 2 * hz, 4 * hz) - density_db(noise, hz, 2 * hz), slope, 0.15)
          << slope << " dB, " << hz << " Hz";
    EXPECT_LT(density_db(noise, 0, 8), density_db(noise, 20, 30) - 20) << slope;
  }
}

TEST(ColoredNoise, IsGaussianAndHasTheLengthAskedFor) {
  for (const std::size_t count : {0U, 1U, 1000U, 40000U}) {
    Random random(4, Purpose::test);
    EXPECT_EQ(colored_noise(count, 0, 16000, random).size(), count);
  }
  Random random(5, Purpose::test);
  const auto noise = colored_noise(100000, 0, 16000, random);
  const double deviation = std::sqrt(mean_power(noise));
  double within_one = 0, fourth = 0;
  for (const float x : noise) {
    within_one += std::abs(x) < deviation ? 1e-5 : 0;
    fourth += 1e-5 * std::pow(x / deviation, 4);
  }
  EXPECT_NEAR(within_one, 0.6827, 0.01);
  EXPECT_NEAR(fourth, 3.0, 0.1);
}

TEST(ColoredNoise, SameStreamSameNoise) {
  const auto noise = [](std::uint64_t seed) {
    Random random(seed, Purpose::test);
    return colored_noise(2000, -3, 16000, random);
  };
  EXPECT_EQ(noise(1), noise(1));
  EXPECT_NE(noise(1), noise(2));
}

TEST(AddNoise, SignalToNoiseRatioIsWhatWasAsked) {
  const auto clip = golden_signal(20000);
  for (const double snr : {-10.0, 0.0, 7.5, 40.0}) {
    Random random(6, Purpose::test);
    const auto noise = colored_noise(clip.size(), -3, 16000, random);
    auto noisy = clip;
    add_noise(noisy, noise, snr);
    for (std::size_t i = 0; i < noisy.size(); ++i) noisy[i] -= clip[i];
    EXPECT_NEAR(10 * std::log10(mean_power(clip) / mean_power(noisy)), snr, 0.1);
  }
}

TEST(AddNoise, SilenceStaysWhatItIs) {
  const std::vector<float> silence(100), hiss(100, 0.5F);
  auto clip = silence;
  add_noise(clip, hiss, 0);
  EXPECT_EQ(clip, silence);
  clip = hiss;
  add_noise(clip, silence, 0);
  EXPECT_EQ(clip, hiss);
}

TEST(Excerpt, IsCutAtARandomPlaceAndRepeatedWhereTooShort) {
  std::vector<float> ramp(100);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i);
  Random random(7, Purpose::test);
  float least = 100, most = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const auto part = excerpt(ramp, 40, random);
    for (std::size_t i = 1; i < part.size(); ++i) ASSERT_EQ(part[i], part[i - 1] + 1);
    least = std::min(least, part.front());
    most = std::max(most, part.back());
  }
  EXPECT_EQ(least, 0);
  EXPECT_EQ(most, 99);
  const auto longer = excerpt(ramp, 250, random);
  for (std::size_t i = 1; i < longer.size(); ++i)
    EXPECT_EQ(longer[i], longer[i - 1] == 99 ? 0 : longer[i - 1] + 1);
}

}  // namespace
}  // namespace twinear
