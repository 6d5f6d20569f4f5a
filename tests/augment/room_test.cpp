// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "augment/impulse_response.h"
#include "augment/noise.h"
#include "features/golden_signal.h"

namespace twinear {
namespace {

/// Seconds in which the energy still to come falls from -5 to -35 dB, doubled: ISO 3382's T30,
/// from Schroeder's backward integral.
double measured_rt60(const std::vector<float>& response, int rate) {
  std::vector<double> left(response.size() + 1);
  for (std::size_t i = response.size(); i-- > 1;)
    left[i] = left[i + 1] + static_cast<double>(response[i]) * response[i];
  const auto falls_to = [&](double db) {
    std::size_t i = 1;
    while (left[i] > left[1] * std::pow(10.0, db / 10)) ++i;
    return static_cast<double>(i) / rate;
  };
  return 2 * (falls_to(-35) - falls_to(-5));
}

TEST(RoomResponse, DecaysInTheTimeAskedFor) {
  for (const int rate : {8000, 16000})
    for (const double rt60 : {0.1, 0.3, 1.0}) {
      Random random(1, Purpose::test);
      const auto response = room_response(rt60, 0, rate, random);
      EXPECT_NEAR(measured_rt60(response, rate), rt60, 0.02 * rt60) << rate;
      EXPECT_NEAR(static_cast<double>(response.size()) / rate, rt60, 0.001);
    }
}

TEST(RoomResponse, DirectPathIsOneAndAsStrongAsAsked) {
  for (const double direct_db : {-6.0, 0.0, 10.0}) {
    Random random(2, Purpose::test);
    const auto response = room_response(0.4, direct_db, 16000, random);
    EXPECT_EQ(response[0], 1.0F);
    double tail = 0;
    for (std::size_t k = 1; k < response.size(); ++k)
      tail += static_cast<double>(response[k]) * response[k];
    EXPECT_NEAR(-10 * std::log10(tail), direct_db, 0.01);
  }
}

TEST(Reverberation, KeepsLengthAndPowerAndPlaceInTime) {
  const auto clip = golden_signal(16000);
  Random random(3, Purpose::test);
  const auto wet = reverberated(clip, room_response(0.5, 0, 16000, random));
  ASSERT_EQ(wet.size(), clip.size());
  EXPECT_NEAR(mean_power(wet) / mean_power(clip), 1.0, 1e-4);
  EXPECT_NE(wet, clip);

  std::vector<float> late(300), click(2000);  // a response whose direct path comes late
  late[100] = -1.0F;
  late[180] = 0.25F;
  click[700] = 1.0F;
  const auto echo = reverberated(click, late);
  EXPECT_NEAR(echo[700], -1.0 / std::sqrt(1 + 0.0625), 1e-5);
  EXPECT_NEAR(echo[780], 0.25 / std::sqrt(1 + 0.0625), 1e-5);
}

TEST(Reverberation, SilenceStaysSilent) {
  const std::vector<float> silence(500);
  EXPECT_EQ(reverberated(silence, std::vector<float>{1.0F, 0.5F}), silence);
}

}  // namespace
}  // namespace twinear
