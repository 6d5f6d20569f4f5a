// SPDX-License-Identifier: Apache-2.0
#include "augment/fir_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "base/threads.h"

namespace twinear {
namespace {

std::vector<float> white(std::size_t count, std::uint64_t seed) {
  Random random(seed, Purpose::test);
  std::vector<float> samples(count);
  for (float& x : samples) x = static_cast<float>(random.uniform(-1, 1));
  return samples;
}

/// The sum of the definition.
std::vector<float> by_definition(const std::vector<float>& x, const std::vector<float>& h,
                                 std::size_t delay) {
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < h.size(); ++k)
      if (i + delay >= k && i + delay - k < x.size())
        sum += static_cast<double>(h[k]) * x[i + delay - k];
    y[i] = static_cast<float>(sum);
  }
  return y;
}

/// Decibels by which a band-pass changes a tone, away from the clip's ends.
double gain_db(double hz, double low, double high, int rate) {
  std::vector<float> tone(static_cast<std::size_t>(rate));
  for (std::size_t i = 0; i < tone.size(); ++i)
    tone[i] =
        static_cast<float>(std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  const auto out = band_passed(tone, low, high, rate);
  EXPECT_EQ(out.size(), tone.size());
  double before = 0, after = 0;
  for (std::size_t i = tone.size() / 4; i < tone.size() * 3 / 4; ++i) {
    before += static_cast<double>(tone[i]) * tone[i];
    after += static_cast<double>(out[i]) * out[i];
  }
  return 10.0 * std::log10(after / before);
}

TEST(Convolution, IsTheSumOfItsDefinitionForAnyLengths) {
  for (const std::size_t samples : {1U, 2U, 100U, 5000U})
    for (const std::size_t taps : {1U, 2U, 63U, 1500U})
      for (const std::size_t delay : {std::size_t{0}, taps / 2, taps - 1}) {
        const auto x = white(samples, 1), h = white(taps, 2);
        const auto y = filtered(x, h, delay), expected = by_definition(x, h, delay);
        ASSERT_EQ(y.size(), samples);
        for (std::size_t i = 0; i < samples; ++i)
          ASSERT_NEAR(y[i], expected[i], 1e-5 * std::sqrt(static_cast<double>(taps)))
              << samples << ", " << taps << ", " << delay << ", " << i;
      }
  EXPECT_TRUE(filtered({}, white(10, 1), 0).empty());
}

TEST(Convolution, AnyNumberOfThreadsGivesTheSameSamples) {
  const auto all = [] {
    std::vector<std::vector<float>> results(12);
    parallel_for(results.size(), [&](std::size_t i) {
      results[i] = filtered(white(3000 + i, i), white(700, 99), 10);
    });
    return results;
  };
  const auto many = all();
  const ThreadLimit one(1);
  EXPECT_EQ(all(), many);
}

TEST(BandPass, TelephoneKeepsItsBandAndRejectsTheRest) {
  for (const int rate : {8000, 16000, 44100}) {
    for (const double hz : {400.0, 1000.0, 2000.0, 3300.0})
      EXPECT_NEAR(gain_db(hz, 300, 3400, rate), 0.0, 0.1) << hz << " of " << rate;
    for (const double hz : {50.0, 100.0, 200.0, 3500.0, 3800.0, 0.45 * rate})
      EXPECT_LT(gain_db(hz, 300, 3400, rate), -60.0) << hz << " of " << rate;
  }
}

TEST(BandPass, AnOpenEndLetsEverythingThrough) {
  for (const double hz : {150.0, 1000.0, 7900.0})
    EXPECT_NEAR(gain_db(hz, 0, 8000, 16000), 0.0, 0.1) << hz;
  EXPECT_NEAR(gain_db(150, 0, 3000, 16000), 0.0, 0.1);
  EXPECT_LT(gain_db(3100, 0, 3000, 16000), -60.0);
  EXPECT_NEAR(gain_db(7800, 300, 3e4, 16000), 0.0, 0.1);
}

TEST(BandPass, DoesNotMoveSoundInTime) {
  std::vector<float> click(4000);
  click[1234] = 1.0F;
  const auto out = band_passed(click, 300, 3400, 16000);
  EXPECT_EQ(std::ranges::max_element(out) - out.begin(), 1234);
}

}  // namespace
}  // namespace twinear
