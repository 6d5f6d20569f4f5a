// SPDX-License-Identifier: Apache-2.0
#include "features/rfft.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/threads.h"
#include "features/golden_signal.h"

namespace twinear {
namespace {

TEST(Rfft, ItsInverseGivesTheFrameBackTimesItsSize) {
  for (const std::size_t size : {2U, 12U, 400U, 1024U}) {
    const auto frame = golden_signal(size);
    std::vector<std::complex<float>> bins(size / 2 + 1);
    std::vector<float> back(size);
    Rfft fft(size);
    fft.forward(frame, bins);
    fft.inverse(bins, back);
    for (std::size_t i = 0; i < size; ++i)
      EXPECT_NEAR(back[i] / static_cast<float>(size), frame[i], 1e-6) << size << ", " << i;
  }
}

TEST(Rfft, PowerIsTheSquareOfTheSpectrum) {
  const auto frame = golden_signal(400);
  std::vector<std::complex<float>> bins(201);
  std::vector<float> power(201);
  Rfft fft(400);
  fft.forward(frame, bins);
  fft.power(frame, power);
  for (std::size_t k = 0; k < bins.size(); ++k)
    EXPECT_NEAR(power[k], std::norm(bins[k]), 1e-5 * power[k]);
}

TEST(Rfft, TransformsOfOneSizeDoNotDisturbEachOther) {
  const auto frame = golden_signal(600);
  const auto bins_of = [&](Rfft& fft) {
    std::vector<std::complex<float>> bins(301);
    fft.forward(frame, bins);
    return bins;
  };
  Rfft alone(600);
  const auto expected = bins_of(alone);
  parallel_for(50, [&](std::size_t i) {
    Rfft first(600), second(600);
    EXPECT_EQ(bins_of(first), expected);
    EXPECT_EQ(bins_of(second), expected);
    for (std::size_t size = 2; size < 60; size += 2 + 2 * (i % 3)) {  // more than a thread keeps
      Rfft other(size);
      std::vector<std::complex<float>> bins(size / 2 + 1);
      other.forward(std::span(frame).first(size), bins);
    }
    EXPECT_EQ(bins_of(first), expected);
  });
}

TEST(Rfft, RefusesNoSamplesAndTheInverseOfAnOddSize) {
  EXPECT_THROW(Rfft(0), std::invalid_argument);
  std::vector<float> frame(401);
  const std::vector<std::complex<float>> bins(201);
  EXPECT_THROW(Rfft(401).inverse(bins, frame), std::invalid_argument);
}

}  // namespace
}  // namespace twinear
