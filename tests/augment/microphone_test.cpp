// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "augment/impulse_response.h"

namespace twinear {
namespace {

constexpr int rate = 16000;

double gain_db(const std::vector<float>& response, double hz) {
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < response.size(); ++i)
    sum += static_cast<double>(response[i]) *
           std::polar(1.0, -2 * M_PI * hz / rate * static_cast<double>(i));
  return 20 * std::log10(std::abs(sum));
}

TEST(MicrophoneResponse, IsSymmetricWithItsPeakInTheMiddle) {
  Random random(1, Purpose::test);
  for (int draw = 0; draw < 50; ++draw) {
    const auto h = microphone_response(6, rate, random);
    ASSERT_EQ(h.size() % 2, 1U);
    for (std::size_t i = 0; i < h.size() / 2; ++i) {
      EXPECT_NEAR(h[i], h[h.size() - 1 - i], 1e-6);
      EXPECT_LT(std::abs(h[i]), h[h.size() / 2]);
    }
  }
}

TEST(MicrophoneResponse, GainsHaveTheDeviationAskedForOctaveByOctave) {
  for (const double hz : {1000.0, 2000.0, 4000.0}) {
    Random random(2, Purpose::test);
    double sum = 0, squares = 0;
    constexpr int draws = 400;
    for (int draw = 0; draw < draws; ++draw) {
      const double db = gain_db(microphone_response(4, rate, random), hz);
      sum += db;
      squares += db * db;
    }
    EXPECT_NEAR(sum / draws, 0, 0.6) << hz;  // three standard errors
    EXPECT_NEAR(std::sqrt(squares / draws), 4, 0.5) << hz;
  }
}

TEST(MicrophoneResponse, WithoutDeviationNothingChanges) {
  Random random(3, Purpose::test);
  const auto h = microphone_response(0, rate, random);
  for (const double hz : {0.0, 150.0, 3000.0, 8000.0}) EXPECT_NEAR(gain_db(h, hz), 0, 1e-3) << hz;
}

}  // namespace
}  // namespace twinear
