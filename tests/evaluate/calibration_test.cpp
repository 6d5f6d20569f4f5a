// SPDX-License-Identifier: Apache-2.0
#include "twinear/calibration.h"

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

// The loss whose least value Brummer and du Preez ask for at a prior.
TEST(Calibration, NoOtherLineHasALowerCostAtThePriorItIsFor) {
  const Scores scores = normal_scores(3, 300, 900);
  for (const double prior : {0.05, 0.2, 0.9}) {
    const double log_odds = std::log(prior / (1 - prior));
    const auto cost = [&](const Calibration& c) {
      double missed = 0, accepted = 0;
      for (const double s : scores.target) missed += std::log1p(std::exp(-c.llr(s) - log_odds));
      for (const double s : scores.nontarget) accepted += std::log1p(std::exp(c.llr(s) + log_odds));
      return prior * missed / 300 + (1 - prior) * accepted / 900;
    };
    const auto best = fit_calibration(scores, "", prior);
    const double least = cost(best);
    for (const double scale : {-0.01, 0.0, 0.01})
      for (const double offset : {-0.01, 0.0, 0.01}) {
        Calibration other = best;
        other.scale += scale;
        other.offset += offset;
        EXPECT_GE(cost(other), least - 1e-9) << prior;
      }
    EXPECT_NE(best.scale, fit_calibration(scores, "").scale);
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
    EXPECT_NEAR(c.probability(c.threshold(prior), {}, prior), 0.5, 1e-12);
  EXPECT_GT(c.threshold(0.01), c.threshold(0.5));
  EXPECT_EQ(c.probability(1e9), 1);
  EXPECT_EQ(c.probability(-1e9), 0);
}

/// Trials of speakers with clips of 1 to 16 s. A target scores lower by `per_octave` for each
/// halving of the shorter clip.
struct Timed {
  ScoreTable table;
  std::vector<double> seconds;
};

Timed timed_trials(std::uint32_t stream, double per_octave) {
  constexpr std::uint32_t speakers = 60, clips = 6;
  Random random(11, Purpose::test, stream);
  Timed timed;
  for (std::uint32_t i = 0; i < speakers * clips; ++i) {
    timed.table.names.push_back("s" + std::to_string(i / clips) + "/" + std::to_string(i));
    timed.seconds.push_back(std::exp2(random.uniform(0, 4)));
  }
  for (std::uint32_t i = 0; i < speakers * clips; ++i)
    for (std::uint32_t j = 0; j < i; ++j) {
      const bool target = i / clips == j / clips;
      if (!target && random.uniform() > 0.2) continue;
      const double octaves = std::log2(std::min(timed.seconds[i], timed.seconds[j]));
      const double score = 0.25 * random.normal() + (target ? 0.2 : 0) + per_octave * octaves;
      timed.table.rows.push_back({score, i, j & 0x7fffffffU, target ? 1U : 0U});
    }
  return timed;
}

LengthCalibration fit(const Timed& timed) {
  return fit_calibration(calibration_trials(timed.table, timed.seconds), "dev");
}

Scores llrs(const Timed& timed, const Calibration& c) {
  Scores scores;
  for (const auto& row : timed.table.rows)
    (row.target == 1 ? scores.target : scores.nontarget)
        .push_back(c.llr(row.score, {timed.seconds[row.enroll], timed.seconds[row.test]}));
  return scores;
}

TEST(Calibration, LengthsAreTakenWhereTheyHelp) {
  const Timed dev = timed_trials(0, 0.3), unseen = timed_trials(1, 0.3);
  const auto fitted = fit(dev);
  ASSERT_TRUE(fitted.calibration.lengths.has_value());
  EXPECT_LT(fitted.cllr_with, fitted.cllr_without);
  // llr = scale (s - 0.3 log2 shorter) + offset, so the term is -0.3 scale / ln 2.
  EXPECT_NEAR(fitted.calibration.lengths->shorter.offset,
              -0.3 * fitted.calibration.scale / std::log(2.0), 0.6);
  EXPECT_NEAR(fitted.calibration.lengths->longer.offset, 0, 0.3);
  const auto plain = fit_calibration(split_scores(dev.table), "dev");
  const Scores with = llrs(unseen, fitted.calibration), without = llrs(unseen, plain);
  EXPECT_LT(cllr(with), 0.95 * cllr(without));
  EXPECT_LT(cllr(with) - min_cllr(with), 0.05);
  const Task even{.p_target = 0.5};
  EXPECT_LT(act_dcf(with, even) - min_dcf(with, even), 0.05);
  EXPECT_LT(fitted.calibration.eer, plain.eer);
}

TEST(Calibration, LengthsAreLeftOutWhereTheyDoNotHelp) {
  const Timed dev = timed_trials(2, 0);
  const auto fitted = fit(dev);
  EXPECT_FALSE(fitted.calibration.lengths.has_value());
  EXPECT_EQ(fitted.calibration.scale, fit_calibration(split_scores(dev.table), "dev").scale);
  EXPECT_EQ(fitted.calibration.llr(0.3, {1, 10}), fitted.calibration.llr(0.3));
  Timed few = dev;
  std::erase_if(few.table.rows, [](const auto& row) { return row.enroll >= 12 || row.test >= 12; });
  EXPECT_TRUE(std::isnan(fit(few).cllr_with));
  EXPECT_THROW(calibration_trials(dev.table, std::vector<double>(3, 1.0)), std::invalid_argument);
}

TEST(Calibration, ClipsOfTheMeanLengthHaveTheLineAndOthersTheirOwn) {
  Calibration c{.scale = 4, .offset = -1, .source = {}, .thresholds = {}};
  c.lengths = {{2, 0.5, std::log(2.0), 0, 3}, {1, 0, std::log(5.0), 0, 3}};
  for (const double score : {-0.5, 0.1, 0.9}) {
    EXPECT_NEAR(c.llr(score, {2, 5}), 4 * score - 1, 1e-12);
    EXPECT_NEAR(c.llr(score, {5, 2}), 4 * score - 1, 1e-12);
    EXPECT_EQ(c.llr(score, {0, 5}), c.llr(score));  // unknown
    const double less = std::log(0.5);
    EXPECT_NEAR(c.llr(score, {1, 5}), (4 + 0.5 * less) * score - 1 + 2 * less, 1e-12);
    for (const Lengths seconds : {Lengths{1, 5}, Lengths{3, 9}, Lengths{2, 5}})
      EXPECT_NEAR(c.score_of(c.normalized(score, seconds), seconds), score, 1e-12);
    EXPECT_EQ(c.llr(score, {3600, 7200}), c.llr(score, {std::exp(3.0), std::exp(3.0)}));
  }
}

TEST(Calibration, NoLengthsTurnTheScoresAround) {
  Calibration c{.scale = 4, .offset = -1, .source = {}, .thresholds = {}};
  c.lengths = {{0, 100, 1, -10, 10}, {}};
  EXPECT_GT(c.llr(0.5, {1e-4, 1}), c.llr(0.4, {1e-4, 1}));
}

/// Trials of two conditions, of which the second has scores that are higher by a half.
std::vector<CalibrationTrial> two_conditions(std::size_t first, std::size_t second) {
  std::vector<CalibrationTrial> trials;
  Random random(12, Purpose::test);
  for (std::uint32_t condition = 0; condition < 2; ++condition)
    for (std::uint32_t i = 0; i < (condition == 0 ? first : second); ++i) {
      const bool target = i % 2 == 0;
      trials.push_back({0.2 * random.normal() + (target ? 0.5 : 0) + 0.5 * condition,
                        {},
                        target,
                        i,
                        target ? i : i + 1,
                        condition});
    }
  return trials;
}

TEST(Calibration, EachConditionHasTheSameWeight) {
  const auto threshold = [](std::size_t first, std::size_t second) {
    return fit_calibration(two_conditions(first, second), "").calibration.threshold();
  };
  EXPECT_NEAR(threshold(4000, 4000), 0.5, 0.03);
  EXPECT_NEAR(threshold(8000, 800), 0.5, 0.05);
  EXPECT_NEAR(threshold(800, 8000), 0.5, 0.05);
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

TEST(Calibration, ModelsTheTailThatItsTrialsDoNotResolve) {
  const auto c = fit_calibration(normal_scores(7, 100, 3000), "");
  EXPECT_TRUE(c.resolves(0.01));
  EXPECT_FALSE(c.resolves(0.0099));
  const Scores many = normal_scores(70, 100, 1'000'000);
  for (const double rate : {1e-3, 1e-4}) {
    EXPECT_FALSE(c.resolves(rate));
    EXPECT_GT(share(many.nontarget, c.threshold_at(rate)), rate / 6);
    EXPECT_LT(share(many.nontarget, c.threshold_at(rate)), rate * 6);
  }
  double last = c.threshold_at(0.5);
  for (double rate = 0.4; rate > 1e-9; rate /= 1.3) {
    EXPECT_GE(c.threshold_at(rate), last) << rate;
    last = c.threshold_at(rate);
  }
  for (const double rate : {0.0, -0.1, 1.0, std::nan("")})
    EXPECT_THROW(c.threshold_at(rate), Error) << rate;
}

TEST(Calibration, WithoutATailTheBoundOfLikelihoodRatiosServes) {
  const auto few = fit_calibration(normal_scores(8, 20, 25), "");
  EXPECT_TRUE(few.thresholds.empty());
  EXPECT_FALSE(few.tail.has_value());
  EXPECT_NEAR(few.llr(few.threshold_at(0.01)), std::log(100.0), 1e-9);
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
