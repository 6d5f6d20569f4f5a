// SPDX-License-Identifier: Apache-2.0
#include "report/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace twinear {
namespace {

/// The curve of two normal distributions, one deviation apart.
std::vector<OperatingPoint> smooth_curve(int n) {
  std::vector<OperatingPoint> curve;
  for (int i = 0; i <= n; ++i) {
    const double t = -6 + 12.0 * i / n;
    curve.push_back(
        {t, 0.5 * std::erfc((1 - t) / std::sqrt(2)), 0.5 * std::erfc(t / std::sqrt(2))});
  }
  return curve;
}

TEST(Probit, IsTheQuantileOfTheNormalDistribution) {
  EXPECT_DOUBLE_EQ(probit(0.5), 0);
  EXPECT_NEAR(probit(0.975), 1.959963984540054, 1e-9);
  EXPECT_NEAR(probit(0.1), -1.281551565544600, 1e-9);
  EXPECT_NEAR(probit(0.001), -3.090232306167813, 1e-9);
}

TEST(Probit, IsFiniteAtTheEnds) {
  EXPECT_NEAR(probit(0), -5.199337582, 1e-6);
  EXPECT_NEAR(probit(1), 5.199337582, 1e-6);
}

TEST(Thin, LeavesAShortCurveAsItIs) { EXPECT_EQ(thin(smooth_curve(40), 100).size(), 41U); }

TEST(Thin, KeepsTheEndsAndAtMostTheLimit) {
  const auto curve = smooth_curve(100000);
  const auto kept = thin(curve, 500);
  EXPECT_LE(kept.size(), 500U);
  EXPECT_GE(kept.size(), 450U);
  EXPECT_EQ(kept.front().threshold, curve.front().threshold);
  EXPECT_EQ(kept.back().threshold, curve.back().threshold);
}

TEST(Thin, LeavesNoGapThatAnEyeWouldSee) {
  const auto kept = thin(smooth_curve(100000), 500);
  for (std::size_t i = 1; i < kept.size(); ++i)
    EXPECT_LT(probit(kept[i].miss) - probit(kept[i - 1].miss), 0.05) << kept[i].threshold;
}

TEST(Histogram, SharesOfEachSideSumToOne) {
  const auto shares = histogram({{0.1, 0.4, 0.9}, {-1, -0.5, 0.2, 0.2}}, 7);
  EXPECT_DOUBLE_EQ(shares.low, -1);
  EXPECT_DOUBLE_EQ(shares.low + 7 * shares.width, 0.9);
  EXPECT_DOUBLE_EQ(std::accumulate(shares.target.begin(), shares.target.end(), 0.0), 1);
  EXPECT_DOUBLE_EQ(std::accumulate(shares.nontarget.begin(), shares.nontarget.end(), 0.0), 1);
}

TEST(Histogram, TheHighestScoreIsInTheLastBin) {
  const auto shares = histogram({{1.0}, {0.0, 0.5}}, 4);
  EXPECT_EQ(shares.target, (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(shares.nontarget, (std::vector<double>{0.5, 0, 0.5, 0}));
}

TEST(Histogram, HoldsScoresThatAreAllTheSame) {
  const auto shares = histogram({{2.0}, {2.0}}, 3);
  EXPECT_EQ(shares.target, (std::vector<double>{1, 0, 0}));
  EXPECT_GT(shares.width, 0);
}

}  // namespace
}  // namespace twinear
