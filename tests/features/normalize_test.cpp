// SPDX-License-Identifier: Apache-2.0
#include "features/normalize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace twinear {
namespace {

Matrix random_frames(std::size_t rows, std::size_t cols) {
  Random random(rows, Purpose::test);
  Matrix frames(rows, cols);
  for (float& value : frames.values()) value = static_cast<float>(10.0 + 3.0 * random.normal());
  return frames;
}

double band_mean(const Matrix& frames, std::size_t b) {
  double sum = 0;
  for (std::size_t t = 0; t < frames.rows(); ++t) sum += frames.row(t)[b];
  return sum / static_cast<double>(frames.rows());
}

TEST(Normalize, BandLeavesEachBandWithoutAMean) {
  Matrix frames = random_frames(200, 5);
  normalize(frames, Norm::band);
  for (std::size_t b = 0; b < 5; ++b) EXPECT_NEAR(band_mean(frames, b), 0.0, 1e-6);
}

TEST(Normalize, BandVarianceLeavesEachBandWithDeviationOne) {
  Matrix frames = random_frames(200, 5);
  normalize(frames, Norm::band_variance);
  for (std::size_t b = 0; b < 5; ++b) {
    double squares = 0;
    for (std::size_t t = 0; t < 200; ++t) squares += std::pow(frames.row(t)[b], 2);
    EXPECT_NEAR(squares / 200.0, 1.0, 1e-5);
  }
}

TEST(Normalize, ABandThatNeverChangesBecomesZero) {
  Matrix frames(4, 2);
  for (float& value : frames.values()) value = -15.942385F;
  normalize(frames, Norm::band_variance);
  for (const float value : frames.values()) EXPECT_EQ(value, 0.0F);
}

TEST(Normalize, LevelKeepsTheDifferencesBetweenBands) {
  const Matrix before = random_frames(50, 4);
  Matrix after = before;
  normalize(after, Norm::level);
  double sum = 0;
  for (const float value : after.values()) sum += value;
  EXPECT_NEAR(sum / 200.0, 0.0, 1e-6);
  EXPECT_NEAR(after.row(7)[3] - after.row(7)[0], before.row(7)[3] - before.row(7)[0], 1e-5);
}

TEST(Normalize, SlidingIsBandWhereTheClipIsShorterThanTheWindow) {
  Matrix band = random_frames(300, 3), sliding = band;
  normalize(band, Norm::band);
  normalize(sliding, Norm::sliding);
  for (std::size_t i = 0; i < band.values().size(); ++i)
    EXPECT_NEAR(sliding.values()[i], band.values()[i], 1e-6);
}

TEST(Normalize, SlidingSubtractsTheMeanOfThreeHundredFramesAround) {
  const Matrix before = random_frames(1000, 2);
  Matrix after = before;
  normalize(after, Norm::sliding);
  for (const std::size_t t : {0U, 1U, 149U, 150U, 151U, 500U, 849U, 850U, 851U, 999U}) {
    const std::size_t begin = t < 150 ? 0 : std::min<std::size_t>(t - 150, 700);
    double sum = 0;
    for (std::size_t i = begin; i < begin + 300; ++i) sum += before.row(i)[1];
    EXPECT_NEAR(after.row(t)[1], before.row(t)[1] - sum / 300.0, 1e-5) << t;
  }
}

TEST(Normalize, NoFramesStayNoFrames) {
  for (const Norm norm : {Norm::band, Norm::level, Norm::sliding, Norm::band_variance}) {
    Matrix frames(0, 80);
    normalize(frames, norm);
    EXPECT_EQ(frames.rows(), 0U);
  }
}

}  // namespace
}  // namespace twinear
