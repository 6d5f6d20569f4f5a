// SPDX-License-Identifier: Apache-2.0
#include "twinear/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/random.h"
#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr Task p_001{.p_target = 0.01}, p_005{.p_target = 0.05}, p_05{.p_target = 0.5};

/// Few and tied on purpose: five toolkits give five equal error rates for them.
const Scores tied{.target = {2, 1.5, 1, 0.5, 0.5, -0.5},
                  .nontarget = {-2, -1.5, -1, -0.5, 0, 0.5, 0.5, 1.2}};
const Scores untied{.target = {3.1, 2.4, 1.9, 1.7, 0.9, 0.4, -0.3, -1.2},
                    .nontarget = {-3, -2.2, -1.9, -1.4, -1.1, -0.8, -0.2, 0.6, 1, 2}};

/// Targets around 1, nontargets around -1, deviation 1; sometimes rounded, so that many tie.
Scores random_scores(std::uint32_t stream, std::size_t targets, std::size_t nontargets) {
  Random random(2, Purpose::test, stream);
  const double grid = stream % 2 == 0 ? 0 : 0.5;
  const auto draw = [&](double mean) {
    const double v = mean + random.normal();
    return grid > 0 ? grid * std::round(v / grid) : v;
  };
  Scores scores;
  for (std::size_t i = 0; i < targets; ++i) scores.target.push_back(draw(1));
  for (std::size_t i = 0; i < nontargets; ++i) scores.nontarget.push_back(draw(-1));
  return scores;
}

/// `speakers` of three clips each, everyone compared with everyone. A clip's scores share an
/// offset of its speaker, as real ones do.
std::vector<ScoredTrial> everyone(std::size_t speakers, std::uint32_t stream = 0) {
  Random random(5, Purpose::test, stream);
  std::vector<double> offset(speakers);
  for (double& o : offset) o = random.normal();
  const auto name = [](std::size_t clip) { return "clip" + std::to_string(clip); };
  std::vector<ScoredTrial> trials;
  for (std::size_t i = 0; i < 3 * speakers; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const bool same = i / 3 == j / 3;
      const double score = (same ? 2 : -2) + offset[i / 3] + offset[j / 3] + random.normal();
      trials.push_back({{name(i), name(j), same}, score});
    }
  return trials;
}

TEST(Metrics, TiedScoresByHand) {
  const Eer e = eer(tied);
  EXPECT_NEAR(e.roc, 2.0 / 7, 1e-12);
  EXPECT_NEAR(e.rocch, 2.0 / 7, 1e-12);
  EXPECT_EQ(e.threshold, 0.5);
  EXPECT_NEAR(min_dcf(tied, p_001), 2.0 / 3, 1e-12);
  EXPECT_NEAR(min_dcf(tied, p_005), 2.0 / 3, 1e-12);
  EXPECT_NEAR(min_dcf(tied, p_05), 0.541666666666666, 1e-12);
  EXPECT_NEAR(act_dcf(tied, p_001), 1, 1e-12);
  EXPECT_NEAR(act_dcf(tied, p_05), 2.0 / 3, 1e-12);
  EXPECT_NEAR(cllr(tied), 0.7789388980114095, 1e-12);
  EXPECT_NEAR(min_cllr(tied), 0.6333186833597078, 1e-12);
}

TEST(Metrics, UntiedScoresByHand) {
  const Eer e = eer(untied);
  EXPECT_NEAR(e.roc, 0.3, 1e-12);
  EXPECT_NEAR(e.rocch, 5.0 / 18, 1e-12);
  EXPECT_NEAR(min_dcf(untied, p_001), 0.75, 1e-12);
  EXPECT_NEAR(min_dcf(untied, p_005), 0.75, 1e-12);
  EXPECT_NEAR(min_dcf(untied, p_05), 0.525, 1e-12);
  EXPECT_NEAR(act_dcf(untied, p_005), 0.875, 1e-12);
  EXPECT_NEAR(act_dcf(untied, p_05), 0.55, 1e-12);
  EXPECT_NEAR(cllr(untied), 0.7761754887121411, 1e-12);
  EXPECT_NEAR(min_cllr(untied), 0.6417352179620278, 1e-12);
}

TEST(Metrics, DetCurveHasAPointForEachDistinctScoreAndInfinity) {
  const auto points = det_curve(tied);
  ASSERT_EQ(points.size(), 11U);
  const std::vector<double> thresholds{-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.2, 1.5, 2};
  for (std::size_t i = 0; i <= thresholds.size(); ++i) {
    const double t =
        i < thresholds.size() ? thresholds[i] : std::numeric_limits<double>::infinity();
    EXPECT_EQ(points[i].threshold, t);
    EXPECT_DOUBLE_EQ(points[i].miss * 6, static_cast<double>(std::ranges::count_if(
                                             tied.target, [&](double s) { return s < t; })));
    EXPECT_DOUBLE_EQ(points[i].false_alarm * 8,
                     static_cast<double>(
                         std::ranges::count_if(tied.nontarget, [&](double s) { return s >= t; })));
  }
}

// The hull's equal error rate is the greatest least cost: max over p of min over t of
// p Pmiss + (1 - p) Pfa.
TEST(Metrics, RocchEerIsTheCostAtTheWorstPrior) {
  for (std::uint32_t stream = 0; stream < 40; ++stream) {
    const Scores scores = random_scores(stream, 5 + stream, 60 - stream);
    const auto points = det_curve(scores);
    double worst = 0;
    for (double p = 0; p <= 1; p += 1.0 / 4096) {
      double least = 1;
      for (const auto& point : points)
        least = std::min(least, p * point.miss + (1 - p) * point.false_alarm);
      worst = std::max(worst, least);
    }
    EXPECT_NEAR(eer(scores).rocch, worst, 2e-4) << stream;
    EXPECT_LE(eer(scores).rocch, eer(scores).roc + 1e-12);
    EXPECT_GE(eer(scores).rocch, worst - 1e-12);
  }
}

TEST(Metrics, MinDcfIsTheLeastCostOfAllThresholds) {
  const Scores scores = random_scores(1, 50, 80);
  const Task task{.p_target = 0.2, .c_miss = 3, .c_false_alarm = 2};
  double least = std::numeric_limits<double>::infinity();
  for (const auto& point : det_curve(scores))
    least = std::min(least, 3 * 0.2 * point.miss + 2 * 0.8 * point.false_alarm);
  EXPECT_NEAR(min_dcf(scores, task), least / 0.6, 1e-12);
}

// SRE08's costs: a miss at p = 0.01 weighs 0.1, a false alarm 0.99; the effective prior is 0.0917.
TEST(Metrics, TheBayesThresholdFollowsPriorAndCosts) {
  const Task sre08{.p_target = 0.01, .c_miss = 10, .c_false_alarm = 1};
  const double bayes = -std::log(0.1 / 0.99);
  const Scores scores{.target = {bayes, bayes - 1e-9, 5}, .nontarget = {bayes, bayes - 1e-9, -5}};
  EXPECT_NEAR(act_dcf(scores, sre08), (0.1 / 3 + 0.99 / 3) / 0.1, 1e-12);
}

TEST(Metrics, ATaskNeedsAPriorAndCosts) {
  for (const Task& task : {Task{.p_target = 0}, Task{.p_target = 1}, Task{.p_target = std::nan("")},
                           Task{.c_miss = 0}, Task{.c_false_alarm = -1}}) {
    EXPECT_THROW(min_dcf(tied, task), std::invalid_argument);
    EXPECT_THROW(act_dcf(tied, task), std::invalid_argument);
    EXPECT_THROW(evaluate(everyone(3), {.tasks = {task}}), std::invalid_argument);
  }
}

TEST(Metrics, Top1IsTheShareOfTestsWhoseBestEnrollmentIsATarget) {
  std::vector<ScoredTrial> trials{
      {{"ada", "right", true}, 3}, {{"bob", "right", false}, 2}, {{"eve", "right", false}, -1},
      {{"ada", "wrong", true}, 1}, {{"bob", "wrong", false}, 2}, {{"ada", "tied", true}, 1},
      {{"bob", "tied", false}, 1}, {{"ada", "alone", true}, 5},  {{"bob", "nobody", false}, 5}};
  EXPECT_DOUBLE_EQ(top_1(make_score_table(trials)).value(), 1.0 / 3);
  std::ranges::reverse(trials);
  EXPECT_DOUBLE_EQ(top_1(make_score_table(trials)).value(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(evaluate(trials, {.resamples = 0}).top_1.value(), 1.0 / 3);
  EXPECT_FALSE(top_1(make_score_table({{{{"a", "b", true}, 1}, {{"a", "c", false}, 1}}})));
}

TEST(Metrics, PerfectScoresCostNothing) {
  const Scores scores{.target = {1, 2, 3}, .nontarget = {-1, 0.5}};
  EXPECT_EQ(eer(scores).rocch, 0);
  EXPECT_EQ(eer(scores).roc, 0);
  EXPECT_EQ(eer(scores).threshold, 1);
  EXPECT_EQ(min_dcf(scores, p_001), 0);
  EXPECT_EQ(min_cllr(scores), 0);
}

TEST(Metrics, ScoresThatSayNothingCostAsMuchAsNotListening) {
  const Scores scores{.target = {0, 0, 0}, .nontarget = {0, 0}};
  EXPECT_DOUBLE_EQ(eer(scores).rocch, 0.5);
  EXPECT_DOUBLE_EQ(eer(scores).roc, 0.5);
  EXPECT_EQ(eer(scores).threshold, 0);
  EXPECT_DOUBLE_EQ(min_dcf(scores, p_001), 1);
  EXPECT_DOUBLE_EQ(cllr(scores), 1);
  EXPECT_DOUBLE_EQ(min_cllr(scores), 1);
}

TEST(Metrics, ReversedScoresAreHeldToChanceByTheHull) {
  const Scores scores{.target = {-1, -2}, .nontarget = {1, 2}};
  EXPECT_DOUBLE_EQ(eer(scores).rocch, 0.5);
  EXPECT_DOUBLE_EQ(eer(scores).roc, 1);
  EXPECT_DOUBLE_EQ(min_cllr(scores), 1);
}

TEST(Metrics, TheOrderOfTrialsChangesNothing) {
  for (std::uint32_t stream = 0; stream < 10; ++stream) {
    Scores scores = random_scores(stream, 40, 70);
    const Scores before = scores;
    Random random(0, Purpose::test, stream, 1);
    random.shuffle(std::span(scores.target));
    random.shuffle(std::span(scores.nontarget));
    EXPECT_EQ(eer(scores).rocch, eer(before).rocch);
    EXPECT_EQ(eer(scores).roc, eer(before).roc);
    EXPECT_EQ(eer(scores).threshold, eer(before).threshold);
    EXPECT_EQ(min_dcf(scores, p_005), min_dcf(before, p_005));
    EXPECT_EQ(min_cllr(scores), min_cllr(before));
    EXPECT_EQ(act_dcf(scores, p_005), act_dcf(before, p_005));
    EXPECT_NEAR(cllr(scores), cllr(before), 1e-14);
  }
}

TEST(Metrics, ARisingMapOfScoresChangesNoErrorRate) {
  for (std::uint32_t stream = 0; stream < 10; ++stream) {
    const Scores scores = random_scores(stream, 40, 70);
    Scores mapped = scores;
    for (auto* side : {&mapped.target, &mapped.nontarget})
      for (double& s : *side) s = std::exp(0.5 * s) - 7;
    EXPECT_EQ(eer(mapped).rocch, eer(scores).rocch);
    EXPECT_EQ(eer(mapped).roc, eer(scores).roc);
    EXPECT_EQ(min_dcf(mapped, p_001), min_dcf(scores, p_001));
    EXPECT_EQ(min_cllr(mapped), min_cllr(scores));
  }
}

TEST(Metrics, OneKindOfTrialIsRefused) {
  EXPECT_THROW(eer({.target = {1}, .nontarget = {}}), std::invalid_argument);
  EXPECT_THROW(cllr({.target = {}, .nontarget = {1}}), std::invalid_argument);
  EXPECT_THROW(act_dcf({.target = {}, .nontarget = {1}}, p_001), std::invalid_argument);
  EXPECT_THROW(split_scores(std::vector<ScoredTrial>{{{"a", "b", true}, 1}}), Error);
  EXPECT_THROW(eer({.target = {std::nan("")}, .nontarget = {1}}), Error);
}

TEST(Metrics, SplitScoresKeepsTheTruth) {
  const std::vector<ScoredTrial> trials{
      {{"a", "b", true}, 1}, {{"a", "c", false}, 2}, {{"b", "c", false}, 3}};
  const Scores scores = split_scores(trials);
  EXPECT_EQ(scores.target, (std::vector<double>{1}));
  EXPECT_EQ(scores.nontarget, (std::vector<double>{2, 3}));
}

void expect_equal(const Interval& a, const Interval& b) {
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
}

TEST(Evaluation, HasEveryFigureOfItsTrials) {
  const auto trials = everyone(20);
  const Scores scores = split_scores(trials);
  const Evaluation e = evaluate(trials, {.seed = 0, .resamples = 200});
  EXPECT_EQ(e.targets, 60U);
  EXPECT_EQ(e.nontargets, 60U * 59 / 2 - 60);
  EXPECT_EQ(e.speakers, 20U);
  EXPECT_EQ(e.eer.rocch, eer(scores).rocch);
  EXPECT_EQ(e.eer.roc, eer(scores).roc);
  EXPECT_EQ(e.eer.threshold, eer(scores).threshold);
  ASSERT_EQ(e.tasks.size(), 2U);
  EXPECT_EQ(e.tasks[0].min_dcf, min_dcf(scores, p_001));
  EXPECT_EQ(e.tasks[1].min_dcf, min_dcf(scores, p_005));
  EXPECT_DOUBLE_EQ(e.tasks[0].act_dcf, act_dcf(scores, p_001));
  EXPECT_DOUBLE_EQ(e.tasks[1].act_dcf, act_dcf(scores, p_005));
  EXPECT_NEAR(e.cllr, cllr(scores), 1e-14);
  EXPECT_EQ(e.min_cllr, min_cllr(scores));
  const auto holds = [](const Interval& i, double value) {
    return i.low < value && value < i.high;
  };
  EXPECT_TRUE(holds(e.eer_interval, e.eer.rocch));
  EXPECT_TRUE(holds(e.tasks[1].min_dcf_interval, e.tasks[1].min_dcf));
  EXPECT_TRUE(holds(e.tasks[1].act_dcf_interval, e.tasks[1].act_dcf));
  EXPECT_TRUE(holds(e.cllr_interval, e.cllr));
  EXPECT_TRUE(holds(e.min_cllr_interval, e.min_cllr));
}

// No error in 40 trials still allows 8.8 %, and none in one trial 97.5 % (Clopper and Pearson
// 1934).
TEST(Evaluation, WithoutAnErrorTheIntervalIsThatOfSoManyTrials) {
  const auto high = [](int targets, int nontargets) {
    std::vector<ScoredTrial> trials;
    const auto add = [&](int count, bool target, double score) {
      for (int i = 0; i < count; ++i) {
        const std::string clip = std::to_string(trials.size());
        trials.push_back({{"a" + clip, "b" + clip, target}, score});
      }
    };
    add(targets, true, 1);
    add(nontargets, false, 0);
    const Evaluation e = evaluate(trials, {.resamples = 50});
    EXPECT_EQ(e.eer_interval.low, 0);
    return e.eer_interval.high;
  };
  EXPECT_NEAR(high(40, 60), 0.0881, 1e-4);
  EXPECT_NEAR(high(40, 1), 0.975, 1e-9);
}

// Three speakers, 27 draws: those of one speaker alone have no nontargets and are drawn again; each
// of the others is too likely to fall outside the middle 95 %.
TEST(Evaluation, TheIntervalSpansWhatRepeatedSpeakersGive) {
  const std::vector<ScoredTrial> trials{{{"a1", "a2", true}, 3.0},  {{"b1", "b2", true}, 0.2},
                                        {{"c1", "c2", true}, 1.0},  {{"b1", "b3", true}, 2.0},
                                        {{"a1", "b1", false}, 0.5}, {{"a2", "c1", false}, -1.0},
                                        {{"b2", "c2", false}, 1.5}, {{"a1", "c2", false}, 0.1}};
  const auto speaker = [](const std::string& clip) { return clip[0] - 'a'; };
  Interval eers{1, 0}, costs{9, 0}, acts{9, 0}, mins{9, 0};
  for (int draw = 0; draw < 27; ++draw) {
    int times[3] = {};
    for (int rest = draw, i = 0; i < 3; ++i, rest /= 3) ++times[rest % 3];
    Scores scores;
    for (const auto& [trial, score] : trials) {
      const int a = times[speaker(trial.enroll)], b = times[speaker(trial.test)];
      auto& side = trial.target ? scores.target : scores.nontarget;
      side.insert(side.end(), static_cast<std::size_t>(trial.target ? a : a * b), score);
    }
    if (scores.nontarget.empty()) continue;
    const double act = act_dcf(scores, p_05);
    acts = {std::min(acts.low, act), std::max(acts.high, act)};
    const double min = min_dcf(scores, p_05);
    mins = {std::min(mins.low, min), std::max(mins.high, min)};
    eers = {std::min(eers.low, eer(scores).rocch), std::max(eers.high, eer(scores).rocch)};
    costs = {std::min(costs.low, cllr(scores)), std::max(costs.high, cllr(scores))};
  }
  const Evaluation e = evaluate(trials, {.tasks = {p_05}, .seed = 4});
  EXPECT_EQ(e.speakers, 3U);
  EXPECT_NEAR(e.eer_interval.low, eers.low, 1e-12);
  EXPECT_NEAR(e.eer_interval.high, eers.high, 1e-12);
  EXPECT_NEAR(e.cllr_interval.low, costs.low, 1e-12);
  EXPECT_NEAR(e.cllr_interval.high, costs.high, 1e-12);
  EXPECT_NEAR(e.tasks[0].act_dcf_interval.low, acts.low, 1e-12);
  EXPECT_NEAR(e.tasks[0].act_dcf_interval.high, acts.high, 1e-12);
  EXPECT_NEAR(e.tasks[0].min_dcf_interval.low, mins.low, 1e-12);
  EXPECT_NEAR(e.tasks[0].min_dcf_interval.high, mins.high, 1e-12);
}

TEST(Evaluation, MoreSpeakersGiveANarrowerInterval) {
  const auto width = [](std::size_t speakers) {  // of five corpora together
    double sum = 0;
    for (std::uint32_t corpus = 0; corpus < 5; ++corpus) {
      const auto i =
          evaluate(everyone(speakers, corpus), {.seed = 0, .resamples = 100}).cllr_interval;
      sum += i.high - i.low;
    }
    return sum;
  };
  EXPECT_GT(width(8), 1.5 * width(40));  // in theory the root of 5
}

TEST(Evaluation, DependsOnTheSeedAndNotOnThreadsOrTheOrderOfTrials) {
  auto trials = everyone(12);
  const Evaluation many = evaluate(trials, {.seed = 3, .resamples = 100});
  {
    const ThreadLimit one(1);
    expect_equal(evaluate(trials, {.seed = 3, .resamples = 100}).eer_interval, many.eer_interval);
    expect_equal(evaluate(trials, {.seed = 3, .resamples = 100}).cllr_interval, many.cllr_interval);
  }
  EXPECT_NE(evaluate(trials, {.seed = 4, .resamples = 100}).cllr_interval.low,
            many.cllr_interval.low);
  Random(0, Purpose::test).shuffle(std::span(trials));
  const Evaluation shuffled = evaluate(trials, {.seed = 3, .resamples = 100});
  expect_equal(shuffled.eer_interval, many.eer_interval);
  expect_equal(shuffled.min_cllr_interval, many.min_cllr_interval);
  expect_equal(shuffled.tasks[0].min_dcf_interval, many.tasks[0].min_dcf_interval);
  expect_equal(shuffled.tasks[1].act_dcf_interval, many.tasks[1].act_dcf_interval);
}

TEST(Evaluation, WithoutResamplesHasNoIntervals) {
  const Evaluation e = evaluate(everyone(4), {.seed = 0, .resamples = 0});
  EXPECT_GT(e.targets, 0U);
  EXPECT_TRUE(std::isnan(e.eer_interval.low));
  EXPECT_TRUE(std::isnan(e.eer_interval.high));
}

}  // namespace
}  // namespace twinear
