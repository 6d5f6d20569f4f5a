// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "twinear/error.h"
#include "twinear/metrics.h"

namespace twinear {
namespace {

/// Normal scores of deviation 0.25 around 0.5 and 0: their exact map is llr = 8 s - 2.
Scores normal_scores(std::uint32_t stream, std::size_t targets, std::size_t nontargets) {
  Random random(6, Purpose::test, stream);
  Scores scores;
  for (std::size_t i = 0; i < targets; ++i) scores.target.push_back(0.5 + 0.25 * random.normal());
  for (std::size_t i = 0; i < nontargets; ++i) scores.nontarget.push_back(0.25 * random.normal());
  return scores;
}

Scores llrs(Scores scores, const Calibration& calibration) {
  for (auto* side : {&scores.target, &scores.nontarget})
    for (double& s : *side) s = calibration.llr(s);
  return scores;
}

TEST(Calibration, FindsTheMapOfNormalScoresWhateverTheirNumbers) {
  for (const std::size_t nontargets : {20'000U, 100'000U}) {
    const auto c = fit_calibration(normal_scores(0, 20'000, nontargets), "a test");
    EXPECT_NEAR(c.scale, 8, 0.2);
    EXPECT_NEAR(c.offset, -2, 0.06);
    EXPECT_NEAR(c.eer, 0.1587, 0.005);  // Phi(-1)
    EXPECT_EQ(c.source, "a test");
    EXPECT_EQ(c.targets, 20'000U);
    EXPECT_EQ(c.nontargets, nontargets);
  }
}

TEST(Calibration, IsAsGoodAsAnyThresholdOnScoresItNeverSaw) {
  const auto c = fit_calibration(normal_scores(1, 5'000, 20'000), "dev");
  const Scores unseen = llrs(normal_scores(2, 20'000, 80'000), c);
  EXPECT_LT(cllr(unseen) - min_cllr(unseen), 0.005);
  for (const double p : {0.5, 0.1, 0.05}) {
    const Task task{.p_target = p};
    EXPECT_LT(act_dcf(unseen, task) - min_dcf(unseen, task), 0.02) << p;
  }
}

// At a prior of 0.5 the objective is Cllr, so no other line may have a lower one.
TEST(Calibration, NoOtherLineHasALowerCllr) {
  const Scores scores = normal_scores(3, 300, 900);
  const auto best = fit_calibration(scores, "");
  const double least = cllr(llrs(scores, best));
  for (const double scale : {-0.01, 0.0, 0.01})
    for (const double offset : {-0.01, 0.0, 0.01}) {
      Calibration other = best;
      other.scale += scale;
      other.offset += offset;
      EXPECT_GE(cllr(llrs(scores, other)), least - 1e-9);
    }
}

TEST(Calibration, FollowsTheScoresWhenTheyAreScaledAndShifted) {
  const Scores scores = normal_scores(4, 200, 400);
  Scores moved = scores;
  for (auto* side : {&moved.target, &moved.nontarget})
    for (double& s : *side) s = 1e6 + 1e3 * s;
  const auto a = fit_calibration(scores, ""), b = fit_calibration(moved, "");
  EXPECT_NEAR(a.llr(0.3), b.llr(1e6 + 1e3 * 0.3), 1e-6);
  EXPECT_NEAR(a.llr(-0.1), b.llr(1e6 - 1e3 * 0.1), 1e-6);
}

TEST(Calibration, StaysFiniteWhereTheSidesAreApart) {
  const auto c = fit_calibration({.target = {0.8, 0.9, 0.95}, .nontarget = {0.1, 0.2, -0.3}}, "");
  EXPECT_TRUE(std::isfinite(c.scale) && std::isfinite(c.offset));
  EXPECT_GT(c.threshold(), 0.2);
  EXPECT_LT(c.threshold(), 0.8);
  EXPECT_GT(c.probability(0.8), 0.99);
  EXPECT_LT(c.probability(0.2), 0.01);
}

TEST(Calibration, RefusesScoresThatDoNotRiseWithLikeness) {
  for (const Scores& scores : {Scores{.target = {0, 1}, .nontarget = {2, 3}},
                               Scores{.target = {0.3, 0.3}, .nontarget = {0.3, 0.3, 0.3}}}) {
    try {
      fit_calibration(scores, "dev.csv");
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::numeric);
      EXPECT_TRUE(std::string(e.what()).starts_with("dev.csv: ")) << e.what();
    }
  }
  EXPECT_THROW(fit_calibration({.target = {INFINITY}, .nontarget = {0}}, ""), Error);
}

TEST(Calibration, ProbabilityIsAHalfAtTheThreshold) {
  const Calibration c{.scale = 8, .offset = -2, .source = {}, .thresholds = {}};
  EXPECT_DOUBLE_EQ(c.threshold(), 0.25);
  EXPECT_DOUBLE_EQ(c.probability(0.25), 0.5);
  EXPECT_DOUBLE_EQ(c.llr(0.5), 2);
  EXPECT_DOUBLE_EQ(c.probability(0.5), 1 / (1 + std::exp(-2.0)));
  for (const double prior : {0.01, 0.3, 0.9})
    EXPECT_NEAR(c.probability(c.threshold(prior), prior), 0.5, 1e-12);
  EXPECT_GT(c.threshold(0.01), c.threshold(0.5));
  EXPECT_EQ(c.probability(1e9), 1);
  EXPECT_EQ(c.probability(-1e9), 0);
}

double share(const std::vector<double>& values, double threshold) {
  return static_cast<double>(
             std::ranges::count_if(values, [&](double v) { return v >= threshold; })) /
         static_cast<double>(values.size());
}

TEST(Calibration, ThresholdsCostWhatTheySay) {
  const Scores scores = normal_scores(5, 700, 3000);
  const auto c = fit_calibration(scores, "");
  ASSERT_EQ(c.thresholds.size(), 5U + 8 + 1);  // 0.5 ... 0.1, 0.09 ... 0.02, and 30 / 3000
  EXPECT_DOUBLE_EQ(c.thresholds.back().false_alarm, 0.01);
  for (const auto& t : c.thresholds) {
    EXPECT_DOUBLE_EQ(share(scores.nontarget, t.threshold), t.false_alarm);
    EXPECT_DOUBLE_EQ(share(scores.target, t.threshold), 1 - t.miss);
    EXPECT_DOUBLE_EQ(c.threshold_at(t.false_alarm), t.threshold);
  }
  EXPECT_DOUBLE_EQ(share(scores.nontarget, c.threshold_at(0.03)), 0.03);
  EXPECT_EQ(c.threshold_at(0.037), c.threshold_at(0.03));
  EXPECT_EQ(c.threshold_at(0.9), c.threshold_at(0.5));
}

TEST(Calibration, RefusesARateThatItsTrialsDoNotResolve) {
  const auto c = fit_calibration(normal_scores(7, 100, 3000), "");
  EXPECT_NO_THROW(c.threshold_at(0.01));
  for (const double rate : {0.0099, 1e-6, 0.0, -0.1, 1.0, std::nan("")})
    EXPECT_THROW(c.threshold_at(rate), Error) << rate;
  const auto few = fit_calibration(normal_scores(8, 20, 25), "");
  EXPECT_TRUE(few.thresholds.empty());
  EXPECT_THROW(few.threshold_at(0.5), Error);
}

TEST(Calibration, TiedScoresNeverExceedTheRate) {
  Scores scores = normal_scores(9, 500, 2000);
  for (auto* side : {&scores.target, &scores.nontarget})
    for (double& s : *side) s = std::round(4 * s) / 4;
  const auto c = fit_calibration(scores, "");
  for (const double rate : {0.5, 0.2, 0.1, 0.05, 0.02, 0.015}) {
    EXPECT_LE(share(scores.nontarget, c.threshold_at(rate)), rate);
    EXPECT_TRUE(std::isfinite(c.threshold_at(rate)));
  }
}

}  // namespace
}  // namespace twinear
