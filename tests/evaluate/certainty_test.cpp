// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "base/random.h"
#include "base/threads.h"
#include "twinear/error.h"
#include "twinear/metrics.h"

namespace twinear {
namespace {

/// LLRs that mean what they say, and as many more nontargets: with N(m, 2m) for targets and N(-m,
/// 2m) for nontargets, the LLR of a score is the score. Each clip is in one trial.
std::vector<ScoredTrial> honest(std::size_t targets, std::size_t nontargets, double stretch = 1) {
  constexpr double m = 2;
  Random random(13, Purpose::test);
  std::vector<ScoredTrial> trials;
  for (std::size_t i = 0; i < targets + nontargets; ++i) {
    const bool target = i < targets;
    const double llr = (target ? m : -m) + std::sqrt(2 * m) * random.normal();
    trials.push_back({{"a" + std::to_string(i), "b" + std::to_string(i), target}, stretch * llr});
  }
  return trials;
}

double certainty(double llr) { return 1 / (1 + std::exp(-std::abs(llr))); }

TEST(Certainty, HonestLlrsAreRightAsOftenAsTheySay) {
  const auto bins = evaluate(honest(3000, 9000), {.resamples = 100}).reliability;
  ASSERT_EQ(bins.size(), 10U);
  std::size_t targets = 0, nontargets = 0;
  for (const auto& bin : bins) {
    EXPECT_NEAR(bin.right.value, bin.mean, 0.05);
    EXPECT_LE(bin.from, bin.mean);
    EXPECT_LE(bin.mean, bin.to);
    EXPECT_LE(bin.right.interval.low, bin.right.value);
    EXPECT_GE(bin.right.interval.high, bin.right.value);
    const double share =
        static_cast<double>(bin.targets) / 3000 + static_cast<double>(bin.nontargets) / 9000;
    EXPECT_NEAR(share, 0.2, 0.001);
    targets += bin.targets;
    nontargets += bin.nontargets;
  }
  EXPECT_EQ(targets, 3000U);
  EXPECT_EQ(nontargets, 9000U);
  EXPECT_GE(bins.front().from, 0.5);
  for (std::size_t i = 1; i < bins.size(); ++i) EXPECT_LT(bins[i - 1].to, bins[i].from);
}

TEST(Certainty, StretchedLlrsAreWrongMoreOftenThanTheySay) {
  const auto e = evaluate(honest(3000, 3000, 3), {.resamples = 100});
  const auto& bin = e.reliability[4];
  EXPECT_LT(bin.right.interval.high, bin.mean);
  EXPECT_GT(e.decisions->wrong_of_sure->interval.low, 0.05);
}

TEST(Certainty, AnswersAndErrorsAreCountedByHand) {
  // 4 targets and 2 nontargets; ln 9 is 2.197
  const std::vector<ScoredTrial> trials{{{"a", "b", true}, 5},     {{"c", "d", true}, 2.2},
                                        {{"e", "f", true}, -3},    {{"g", "h", true}, 0},
                                        {{"a", "c", false}, -2.1}, {{"b", "e", false}, 2.3}};
  const auto e = evaluate(trials, {.resamples = 0});
  ASSERT_TRUE(e.decisions);
  EXPECT_EQ(e.decisions->miss.value, 0.25);
  EXPECT_EQ(e.decisions->false_alarm.value, 0.5);
  // sure: three targets (3 / 4), one of them wrong, and one wrong nontarget (1 / 2)
  EXPECT_DOUBLE_EQ(e.decisions->wrong_of_sure->value, (0.25 + 0.5) / (0.75 + 0.5));
  ASSERT_EQ(e.reliability.size(), 1U);
  EXPECT_DOUBLE_EQ(e.reliability[0].right.value, (3 / 4.0 + 1 / 2.0) / 2);
  EXPECT_EQ(e.reliability[0].from, 0.5);
  EXPECT_DOUBLE_EQ(e.reliability[0].to, certainty(5));
  const double mean = ((certainty(5) + certainty(2.2) + certainty(3) + 0.5) / 4 +
                       (certainty(2.1) + certainty(2.3)) / 2) /
                      2;
  EXPECT_DOUBLE_EQ(e.reliability[0].mean, mean);
  EXPECT_TRUE(std::isnan(e.reliability[0].right.interval.low));
}

TEST(Certainty, ALikelihoodRatioIsOneThatACosineCannotBe) {
  const auto with = [](double score) {
    return evaluate(std::vector<ScoredTrial>{{{"a", "b", true}, score}, {{"a", "c", false}, -2}},
                    {.resamples = 0});
  };
  EXPECT_FALSE(with(1).decisions);
  EXPECT_TRUE(with(1).reliability.empty());
  EXPECT_TRUE(with(1.001).decisions);
  const std::vector<ScoredTrial> weak{{{"a", "b", true}, 0.1}, {{"a", "c", false}, -0.1}};
  EXPECT_TRUE(evaluate(weak, {.resamples = 0, .llrs = true}).decisions);
  EXPECT_FALSE(evaluate(honest(20, 20), {.resamples = 0, .llrs = false}).decisions);
}

TEST(Certainty, NobodyWhoIsSureIsNoShare) {
  const std::vector<ScoredTrial> trials{{{"a", "b", true}, 2.1}, {{"a", "c", false}, -2.1}};
  EXPECT_FALSE(evaluate(trials, {.resamples = 10}).decisions->wrong_of_sure);
}

TEST(Certainty, TiedAnswersAreInOneBin) {
  std::vector<ScoredTrial> trials = honest(200, 200);
  for (auto& [trial, llr] : trials) llr = std::round(llr / 2) * 2;
  const auto bins = evaluate(trials, {.resamples = 5}).reliability;
  ASSERT_GT(bins.size(), 1U);
  std::size_t answers = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    EXPECT_TRUE(i == 0 || bins[i - 1].to < bins[i].from);
    answers += bins[i].targets + bins[i].nontargets;
  }
  EXPECT_EQ(answers, 400U);
}

/// Trials of distinct clips whose scores a threshold separates.
std::vector<ScoredTrial> separated(std::size_t targets, std::size_t nontargets, double score) {
  std::vector<ScoredTrial> trials;
  for (std::size_t i = 0; i < targets + nontargets; ++i)
    trials.push_back({{"a" + std::to_string(i), "b" + std::to_string(i), i < targets},
                      i < targets ? score : -score});
  return trials;
}

// The greatest rates without an error are 1 - 0.025^(1/50) = 0.07112 of 50 and 0.03622 of 100.
TEST(NoErrors, EveryFigureReachesToWhatSoManyTrialsAllow) {
  const double a = 1 - std::pow(0.025, 1 / 50.0), b = 1 - std::pow(0.025, 1 / 100.0);
  const auto e = evaluate(separated(50, 100, 6), {.resamples = 20});
  EXPECT_EQ(e.eer_interval.low, 0);
  EXPECT_NEAR(e.eer_interval.high, a, 1e-12);
  EXPECT_EQ(e.tasks[1].act_dcf, 0);
  EXPECT_EQ(e.tasks[1].act_dcf_interval.low, 0);
  EXPECT_NEAR(e.tasks[1].act_dcf_interval.high, 19 * b, 1e-12);  // a false alarm costs 0.95 / 0.05
  EXPECT_EQ(e.tasks[1].min_dcf_interval.low, 0);
  EXPECT_NEAR(e.tasks[1].min_dcf_interval.high, 19 * b, 1e-12);
  EXPECT_EQ(e.tasks[0].min_dcf_interval.high, 1);  // 99 b: who does not listen pays 1
  EXPECT_NEAR(e.tasks[0].act_dcf_interval.high, 99 * b, 1e-12);
  EXPECT_NEAR(e.decisions->miss.interval.high, a, 1e-12);
  EXPECT_NEAR(e.decisions->false_alarm.interval.high, b, 1e-12);
  EXPECT_EQ(e.reliability.back().right.value, 1);
  EXPECT_LT(e.reliability.back().right.interval.low, 1);
  // a share a of the targets costs softplus(6) instead of softplus(-6)
  const double right = std::log1p(std::exp(-6)), wrong = right + 6, bits = 0.5 / std::log(2);
  EXPECT_NEAR(e.cllr, 2 * bits * right, 1e-12);
  EXPECT_NEAR(e.cllr_interval.high, bits * (2 * right + a * (wrong - right)), 1e-12);
  EXPECT_EQ(e.min_cllr_interval.low, 0);
  // rates of errors of both kinds that leave 50 and 100 trials without one in 2.5 % of all samples
  double most = 0;
  for (double part = 0; part <= 1; part += 1e-4) {
    const double miss = 1 - std::pow(0.025, part / 50),
                 false_alarm = 1 - std::pow(0.025, (1 - part) / 100);
    const double rejected = std::log(miss / (1 - false_alarm)),
                 accepted = std::log((1 - miss) / false_alarm);
    const auto loss = [](double share, double x) {
      return share == 0 ? 0 : share * std::log1p(std::exp(x));
    };
    most = std::max(most, bits * (loss(miss, -rejected) + loss(1 - false_alarm, rejected) +
                                  loss(1 - miss, -accepted) + loss(false_alarm, accepted)));
  }
  EXPECT_NEAR(e.min_cllr_interval.high, most, 1e-4);
}

TEST(NoErrors, MoreTrialsAllowLess) {
  const auto few = evaluate(separated(20, 20, 3), {.resamples = 5}),
             many = evaluate(separated(2000, 2000, 3), {.resamples = 5});
  EXPECT_LT(10 * many.tasks[1].act_dcf_interval.high, few.tasks[1].act_dcf_interval.high);
  EXPECT_LT(10 * many.min_cllr_interval.high, few.min_cllr_interval.high);
  EXPECT_LT(many.cllr_interval.high, few.cllr_interval.high);
}

TEST(NoErrors, WhoRejectsEverythingIsNotCertainOfThatEither) {
  const auto e = evaluate(separated(50, 100, 0.5), {.resamples = 20});  // below every threshold
  const double a = 1 - std::pow(0.025, 1 / 50.0), b = 1 - std::pow(0.025, 1 / 100.0);
  EXPECT_EQ(e.tasks[1].act_dcf, 1);
  EXPECT_NEAR(e.tasks[1].act_dcf_interval.low, 1 - a, 1e-12);
  EXPECT_NEAR(e.tasks[1].act_dcf_interval.high, 1 + 19 * b, 1e-12);
}

TEST(NoErrors, TopOneOfAllTestsIsNotCertain) {
  std::vector<ScoredTrial> trials;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i), other = std::to_string((i + 1) % 30);
    trials.push_back({{"e" + n, "t" + n, true}, 1});
    trials.push_back({{"e" + other, "t" + n, false}, 0});
  }
  const auto e = evaluate(trials, {.resamples = 20});
  EXPECT_EQ(e.top_1, 1);
  EXPECT_NEAR(e.top_1_interval.low, std::pow(0.025, 1 / 30.0), 1e-12);
  EXPECT_EQ(e.top_1_interval.high, 1);
}

TEST(NoErrors, WithoutResamplesThereIsNoInterval) {
  const auto e = evaluate(separated(50, 100, 6), {.resamples = 0});
  EXPECT_TRUE(std::isnan(e.tasks[0].act_dcf_interval.high));
  EXPECT_TRUE(std::isnan(e.min_cllr_interval.high));
  EXPECT_TRUE(std::isnan(e.decisions->miss.interval.high));
}

TEST(Certainty, DoesNotDependOnThreadsOrTheOrderOfTrials) {
  auto trials = honest(150, 300);
  const auto figures = [&] {
    std::vector<double> all;
    for (const auto& bin : evaluate(trials, {.seed = 1, .resamples = 40}).reliability)
      all.insert(all.end(), {bin.from, bin.to, bin.mean, bin.right.value, bin.right.interval.low,
                             bin.right.interval.high});
    return all;
  };
  const auto before = figures();
  {
    const ThreadLimit one(1);
    EXPECT_EQ(figures(), before);
  }
  Random(0, Purpose::test).shuffle(std::span(trials));
  EXPECT_EQ(figures(), before);
}

std::vector<Clip> labeled(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::vector<Clip> clips;
  for (const auto& [name, label] : labels) clips.push_back({.name = name, .label = label});
  return clips;
}

TEST(SpeakersOfLabels, AreNotSplitByASparseTrialList) {
  const std::vector<ScoredTrial> trials{{{"a1", "a2", true}, 3},   {{"a3", "a4", true}, 1},
                                        {{"b1", "b2", true}, 2},   {{"b3", "b4", true}, 0},
                                        {{"a1", "b1", false}, -1}, {{"a3", "b4", false}, 1}};
  EXPECT_EQ(evaluate(trials, {.resamples = 0}).speakers, 4U);
  const auto clips = labeled({{"a1", "ada"},
                              {"a2", "ada"},
                              {"a3", "ada"},
                              {"a4", "ada"},
                              {"b1", "bob"},
                              {"b2", "bob"},
                              {"b3", "bob"},
                              {"b4", "bob"}});
  const auto e = evaluate(trials, {.clips = clips});
  EXPECT_EQ(e.speakers, 2U);
  EXPECT_NE(e.cllr_interval.low, evaluate(trials, {}).cllr_interval.low);
  // a name without a label belongs to the speaker of its target trials
  EXPECT_EQ(evaluate(trials, {.resamples = 0, .clips = std::span(clips).first(7)}).speakers, 2U);
  EXPECT_EQ(evaluate(trials, {.resamples = 0, .clips = std::span(clips).first(6)}).speakers, 3U);
}

TEST(SpeakersOfLabels, RefuseATrialThatContradictsThem) {
  const auto refused = [](std::vector<ScoredTrial> trials, const std::string& told) {
    const auto clips = labeled({{"a1", "ada"}, {"a2", "ada"}, {"b1", "bob"}, {"b2", "bob"}});
    trials.push_back({{"a1", "a2", true}, 1});
    trials.push_back({{"a1", "b2", false}, 1});
    for (int i = 0; i < 2; ++i, std::ranges::reverse(trials))
      expect_error([&] { evaluate(trials, {.clips = clips}); }, Fault::mismatch, told);
  };
  refused({{{"a1", "b1", true}, 1}},
          "trial a1 b1: is said to be a target trial, but joins the labels ada and bob");
  refused({{{"b1", "b2", false}, 1}},
          "trial b1 b2: is said to be a nontarget trial, but both clips have the label bob");
  refused({{{"a1", "x", true}, 1}, {{"x", "a2", false}, 1}},
          "trial x a2: is said to be a nontarget trial, but both clips have the label ada");
}

}  // namespace
}  // namespace twinear
