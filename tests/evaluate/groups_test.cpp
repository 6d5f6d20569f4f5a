// SPDX-License-Identifier: Apache-2.0
#include "twinear/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/expect_error.h"
#include "base/random.h"
#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// Clips of `speakers`, four of each, two in the language aa and two in bb; the LLRs of trials
/// within a language are those of a better system.
struct Corpus {
  explicit Corpus(std::size_t speakers) {
    Random random(11, Purpose::test);
    for (std::size_t i = 0; i < 4 * speakers; ++i)
      clips.push_back({.name = "clip" + std::to_string(i),
                       .label = "speaker" + std::to_string(i / 4),
                       .columns = {{"language", i % 2 == 0 ? "aa" : "bb"}}});
    for (std::size_t i = 0; i < clips.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const bool same = i / 4 == j / 4;
        const double apart = i % 2 == j % 2 ? 4 : 1.5;
        trials.push_back(
            {{clips[i].name, clips[j].name, same}, (same ? apart : -apart) + 2 * random.normal()});
      }
  }
  std::vector<Clip> clips;
  std::vector<ScoredTrial> trials;
};

TEST(Groups, ATrialOfTwoValuesHasBothNamesInOneOrder) {
  const auto table = make_score_table({{{{"a", "b", true}, 1},
                                        {{"b", "c", false}, 2},
                                        {{"c", "b", false}, 3},
                                        {{"a", "d", false}, 4}}});
  const std::vector<std::string> values{"zulu", "zulu", "akan", ""};  // of a, b, c, d
  const auto groups = group_by_value(table, values);
  EXPECT_EQ(groups.names, (std::vector<std::string>{"(empty) / zulu", "akan / zulu", "zulu"}));
  EXPECT_EQ(groups.of_row, (std::vector<std::uint32_t>{2, 1, 1, 0}));
  EXPECT_THROW(group_by_value(table, std::vector<std::string>{"a"}), std::invalid_argument);
}

TEST(Groups, TheShorterClipTellsTheLength) {
  const auto table = make_score_table({{{{"a", "b", true}, 1},
                                        {{"c", "b", false}, 2},
                                        {{"c", "d", false}, 3},
                                        {{"d", "c", true}, 4}}});
  const auto groups = group_by_length(table, std::vector<double>{1.5, 1.4999, 8, 7});
  EXPECT_EQ(groups.names, (std::vector<std::string>{"under 1.5 s", "7 s and more"}));
  EXPECT_EQ(groups.of_row, (std::vector<std::uint32_t>{0, 0, 1, 1}));
  EXPECT_EQ(group_by_length(table, std::vector<double>{1.5, 9, 2.5, 3}).names,
            (std::vector<std::string>{"1.5 to 2.5 s", "2.5 to 4 s"}));
  EXPECT_THROW(group_by_length(table, std::vector<double>{1, 0, 1, 1}), std::invalid_argument);
}

TEST(Groups, AColumnAndAClipThatAreMissingAreNamed) {
  const Corpus corpus(3);
  const auto table = make_score_table(corpus.trials);
  expect_error([&] { group_by_column(table, corpus.clips, "session"); }, Fault::config,
               "clip1: no column \"session\" in the manifest; found language");
  const auto few = std::span(corpus.clips).first(5);
  expect_error([&] { group_by_column(table, few, "language"); }, Fault::mismatch,
               "clip5: the manifest has no clip of this name, whose language is needed");
}

TEST(Groups, EachHasTheFiguresOfItsTrials) {
  const Corpus corpus(12);
  const auto table = make_score_table(corpus.trials);
  const EvaluationOptions options{.resamples = 50, .clips = corpus.clips};
  const auto groups =
      evaluate_groups(table, group_by_column(table, corpus.clips, "language"), options);
  ASSERT_EQ(groups.size(), 3U);
  std::size_t trials = 0;
  for (const auto& group : groups) {
    Scores scores;
    for (const auto& [trial, score] : corpus.trials) {
      const bool even = std::stoi(trial.enroll.substr(4)) % 2 == 0,
                 other_even = std::stoi(trial.test.substr(4)) % 2 == 0;
      const std::string name = even == other_even ? (even ? "aa" : "bb") : "aa / bb";
      if (name == group.name) (trial.target ? scores.target : scores.nontarget).push_back(score);
    }
    ASSERT_TRUE(group.evaluation) << group.name;
    EXPECT_EQ(group.targets, scores.target.size());
    EXPECT_EQ(group.nontargets, scores.nontarget.size());
    EXPECT_EQ(group.speakers, 12U);
    EXPECT_EQ(group.evaluation->eer.rocch, eer(scores).rocch);
    EXPECT_NEAR(group.evaluation->cllr, cllr(scores), 1e-12);
    ASSERT_TRUE(group.evaluation->decisions);
    const auto missed = std::ranges::count_if(scores.target, [](double s) { return s < 0; });
    EXPECT_EQ(group.evaluation->decisions->miss.value,
              static_cast<double>(missed) / static_cast<double>(scores.target.size()));
    EXPECT_LT(group.evaluation->eer_interval.low, group.evaluation->eer_interval.high);
    trials += group.targets + group.nontargets;
  }
  EXPECT_EQ(trials, corpus.trials.size());
  EXPECT_GT(groups[1].evaluation->eer.rocch, groups[0].evaluation->eer.rocch);
}

TEST(Groups, OneOfAllTrialsHasTheFiguresOfTheWholeList) {
  const Corpus corpus(8);
  const auto table = make_score_table(corpus.trials);
  const EvaluationOptions options{.seed = 3, .resamples = 40, .clips = corpus.clips};
  const auto whole = evaluate(table, options);
  const auto one = evaluate_groups(
      table, group_by_value(table, std::vector<std::string>(table.names.size(), "x")), options);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].evaluation->eer_interval.high, whole.eer_interval.high);
  EXPECT_EQ(one[0].evaluation->cllr_interval.low, whole.cllr_interval.low);
  EXPECT_EQ(one[0].evaluation->decisions->miss.interval.high, whole.decisions->miss.interval.high);
}

TEST(Groups, TooFewTrialsOfAKindHaveCountsAlone) {
  Corpus corpus(6);
  for (auto& clip : corpus.clips)
    if (clip.label == "speaker0") clip.columns["language"] = "cc";
  const auto table = make_score_table(corpus.trials);
  const auto groups = evaluate_groups(table, group_by_column(table, corpus.clips, "language"),
                                      {.resamples = 10, .clips = corpus.clips});
  const auto cc = std::ranges::find(groups, "cc", &GroupEvaluation::name),
             mixed = std::ranges::find(groups, "aa / cc", &GroupEvaluation::name);
  ASSERT_NE(cc, groups.end());
  ASSERT_NE(mixed, groups.end());
  EXPECT_EQ(cc->targets, 6U);
  EXPECT_EQ(cc->nontargets, 0U);
  EXPECT_EQ(cc->speakers, 1U);
  EXPECT_FALSE(cc->evaluation);
  EXPECT_EQ(mixed->nontargets, 40U);
  EXPECT_EQ(mixed->speakers, 6U);
  EXPECT_FALSE(mixed->evaluation);
}

TEST(Groups, DoNotDependOnThreadsOrTheOrderOfTrials) {
  Corpus corpus(12);
  const auto figures = [&] {
    const auto table = make_score_table(corpus.trials);
    std::vector<double> all;
    for (const auto& group :
         evaluate_groups(table, group_by_column(table, corpus.clips, "language"),
                         {.seed = 2, .resamples = 60, .clips = corpus.clips})) {
      const auto& e = group.evaluation.value();
      for (const Interval& i :
           {e.eer_interval, e.cllr_interval, e.min_cllr_interval, e.decisions->miss.interval,
            e.decisions->false_alarm.interval, e.decisions->wrong_of_sure->interval})
        all.insert(all.end(), {i.low, i.high});
    }
    return all;
  };
  const auto before = figures();
  {
    const ThreadLimit one(1);
    EXPECT_EQ(figures(), before);
  }
  Random(0, Purpose::test).shuffle(std::span(corpus.trials));
  EXPECT_EQ(figures(), before);
}

TEST(Groups, MoreThanAHundredAreThoseOfEqualAndOfDifferentValues) {
  std::vector<ScoredTrial> trials;
  for (int i = 0; i < 101; ++i)
    trials.push_back({{std::to_string(i), std::to_string(i) + "b", i % 2 == 0}, 1.0 * i});
  const auto table = make_score_table(trials);
  std::vector<std::string> values;
  for (const auto& name : table.names) values.push_back(name == "5b" ? "5" : name);
  const auto groups = group_by_value(table, values);
  EXPECT_EQ(groups.names, (std::vector<std::string>{"equal", "different"}));
  for (std::uint32_t i = 0; i < 101; ++i) EXPECT_EQ(groups.of_row[i], i == 5 ? 0U : 1U);
  trials.pop_back();
  const auto fewer = make_score_table(trials);
  EXPECT_EQ(group_by_value(fewer, fewer.names).names.size(), 100U);
}

}  // namespace
}  // namespace twinear
