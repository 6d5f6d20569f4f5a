// SPDX-License-Identifier: Apache-2.0
#include "features/normalize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"

namespace twinear {
namespace {

Matrix random_frames(std::size_t rows, std::size_t cols) {
  Random random(rows, Purpose::test);
  Matrix frames(rows, cols);
  for (float& value : frames.values()) value = static_cast<float>(10.0 + 3.0 * random.normal());
  return frames;
}

double bin_mean(const Matrix& frames, std::size_t b) {
  double sum = 0;
  for (std::size_t t = 0; t < frames.rows(); ++t) sum += frames.row(t)[b];
  return sum / static_cast<double>(frames.rows());
}

TEST(Normalize, PerBinLeavesEachMelBinWithoutAMean) {
  Matrix frames = random_frames(200, 5);
  normalize(frames, {.norm = Norm::per_bin});
  for (std::size_t b = 0; b < 5; ++b) EXPECT_NEAR(bin_mean(frames, b), 0.0, 1e-6);
}

TEST(Normalize, PerBinVarianceLeavesEachMelBinWithDeviationOne) {
  Matrix frames = random_frames(200, 5);
  normalize(frames, {.norm = Norm::per_bin_variance});
  for (std::size_t b = 0; b < 5; ++b) {
    double squares = 0;
    for (std::size_t t = 0; t < 200; ++t) squares += std::pow(frames.row(t)[b], 2);
    EXPECT_NEAR(squares / 200.0, 1.0, 1e-5);
  }
}

TEST(Normalize, AMelBinThatNeverChangesBecomesZero) {
  Matrix frames(4, 2);
  for (float& value : frames.values()) value = -15.942385F;
  normalize(frames, {.norm = Norm::per_bin_variance});
  for (const float value : frames.values()) EXPECT_EQ(value, 0.0F);
}

TEST(Normalize, GlobalKeepsTheDifferencesBetweenMelBins) {
  const Matrix before = random_frames(50, 4);
  Matrix after = before;
  normalize(after, {.norm = Norm::global});
  double sum = 0;
  for (const float value : after.values()) sum += value;
  EXPECT_NEAR(sum / 200.0, 0.0, 1e-6);
  EXPECT_NEAR(after.row(7)[3] - after.row(7)[0], before.row(7)[3] - before.row(7)[0], 1e-5);
}

TEST(Normalize, SlidingIsPerBinIfTheClipIsShorterThanTheWindow) {
  Matrix per_bin = random_frames(300, 3), sliding = per_bin;
  normalize(per_bin, {.norm = Norm::per_bin});
  normalize(sliding, {.norm = Norm::sliding});
  for (std::size_t i = 0; i < per_bin.values().size(); ++i)
    EXPECT_NEAR(sliding.values()[i], per_bin.values()[i], 1e-6);
}

TEST(Normalize, SlidingSubtractsTheMeanOfThreeHundredFramesAround) {
  const Matrix before = random_frames(1000, 2);
  Matrix after = before;
  normalize(after, {.norm = Norm::sliding});
  for (const std::size_t t : {0U, 1U, 149U, 150U, 151U, 500U, 849U, 850U, 851U, 999U}) {
    const std::size_t begin = t < 150 ? 0 : std::min<std::size_t>(t - 150, 700);
    double sum = 0;
    for (std::size_t i = begin; i < begin + 300; ++i) sum += before.row(i)[1];
    EXPECT_NEAR(after.row(t)[1], before.row(t)[1] - sum / 300.0, 1e-5) << t;
  }
}

/// Kaldi's SlidingWindowCmnInternal with new sums for each frame.
Matrix kaldi_sliding(const Matrix& frames, const SlidingNorm& norm) {
  const int count = static_cast<int>(frames.rows());
  Matrix result = frames;
  for (int t = 0; t < count; ++t) {
    int start = norm.centered ? t - norm.frames / 2 : t - norm.frames;
    int end = norm.centered ? start + norm.frames : t + 1;
    if (start < 0) {
      end -= start;
      start = 0;
    }
    if (!norm.centered && end > t) end = std::max(t + 1, norm.min_frames);
    if (end > count) {
      start = std::max(0, start - (end - count));
      end = count;
    }
    for (std::size_t b = 0; b < frames.cols(); ++b) {
      double sum = 0, squares = 0;
      for (int i = start; i < end; ++i) sum += frames.row(static_cast<std::size_t>(i))[b];
      const double mean = sum / (end - start);
      for (int i = start; i < end; ++i)
        squares += std::pow(frames.row(static_cast<std::size_t>(i))[b] - mean, 2);
      const double deviation = std::sqrt(std::max(squares / (end - start), 1e-10));
      float& value = result.row(static_cast<std::size_t>(t))[b];
      value = static_cast<float>(value - mean);
      if (norm.variance) value = static_cast<float>(end - start == 1 ? 0.0 : value / deviation);
    }
  }
  return result;
}

TEST(Normalize, SlidingIsKaldisForEveryOptionAndLength) {
  const std::vector<SlidingNorm> options{
      {},
      {.frames = 600, .centered = false},  // Kaldi's defaults
      {.frames = 600, .centered = false, .variance = true},
      {.frames = 51, .variance = true},
      {.frames = 1},
      {.frames = 30, .centered = false, .min_frames = 7},
      {.frames = 10, .centered = false, .min_frames = 100, .variance = true}};
  for (const auto& norm : options) {
    for (const std::size_t count : {1U, 2U, 29U, 99U, 100U, 101U, 299U, 300U, 301U, 700U}) {
      SCOPED_TRACE(std::to_string(norm.frames) + " over " + std::to_string(count));
      Matrix frames = random_frames(count, 2);
      const Matrix expected = kaldi_sliding(frames, norm);
      normalize(frames, {.norm = Norm::sliding, .sliding = norm});
      ASSERT_EQ(frames.rows(), count);
      for (std::size_t i = 0; i < expected.values().size(); ++i)
        ASSERT_NEAR(frames.values()[i], expected.values()[i], 1e-5) << i;
    }
  }
}

TEST(Normalize, SlidingOverOneFrameGivesZero) {
  for (const bool variance : {false, true}) {
    Matrix frames = random_frames(1, 3);
    normalize(frames, {.norm = Norm::sliding, .sliding = {.variance = variance}});
    EXPECT_EQ(frames, Matrix(1, 3));
  }
}

TEST(Normalize, SlidingDividesByNoLessThanTheRootOfTheFloor) {
  Matrix frames(2, 1);
  frames.row(0)[0] = -1e-6F;  // variance 1e-12, under the floor of 1e-10
  frames.row(1)[0] = 1e-6F;
  normalize(frames, {.norm = Norm::sliding, .sliding = {.variance = true}});
  EXPECT_NEAR(frames.row(1)[0], 0.1, 1e-5);
}

TEST(Normalize, TopDbLiftsWhatLiesDeeperUnderTheHighest) {
  Matrix frames(1, 4);
  const float values[] = {-100.0F, -51.0F, -49.0F, 30.0F};
  std::ranges::copy(values, frames.values().begin());
  normalize(frames, {.log = LogScale::db, .top_db = 80.0});
  const std::vector<float> expected{-50.0F, -50.0F, -49.0F, 30.0F};
  EXPECT_TRUE(std::ranges::equal(frames.values(), expected));
}

TEST(Normalize, NoFramesStayNoFrames) {
  for (const Norm norm : {Norm::per_bin, Norm::global, Norm::sliding, Norm::per_bin_variance}) {
    Matrix frames(0, 80);
    normalize(frames, {.norm = norm});
    EXPECT_EQ(frames.rows(), 0U);
  }
}

}  // namespace
}  // namespace twinear
