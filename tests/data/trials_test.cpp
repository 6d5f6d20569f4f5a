// SPDX-License-Identifier: Apache-2.0
#include "twinear/trials.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "base/files.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

TEST(Trials, TheTwoFormsAreToldApartByContent) {
  const TemporaryFolder folder;
  const std::vector<Trial> expected{{"a.wav", "b.wav", true}, {"a.wav", "c.wav", false}};
  EXPECT_EQ(read_trials(put(folder / "t", "1 a.wav b.wav\n0 a.wav c.wav\n")), expected);
  EXPECT_EQ(read_trials(put(folder / "t", "a.wav b.wav target\r\n\n a.wav\tc.wav nontarget")),
            expected);
}

TEST(Trials, ASpeakerMayBeCalledOne) {
  const TemporaryFolder folder;
  const std::vector<Trial> expected{{"1", "u7", true}, {"0", "u8", false}};
  EXPECT_EQ(read_trials(put(folder / "t", "1 u7 target\n0 u8 nontarget\n")), expected);
}

TEST(Trials, NameTheLineThatIsWrong) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& message) {
    const std::string path = put(folder / "t", text);
    expect_error([&] { read_trials(path); }, Fault::format, path + message);
  };
  refused("a b\n", ":1: expected \"1|0 enroll test\" or \"enroll test target|nontarget\"");
  refused("2 a b\n", ":1: expected \"1|0 enroll test\" or \"enroll test target|nontarget\"");
  refused("1 a b\n\n1 a\n", ":3: expected \"1|0 enroll test\", as in the lines before");
  refused("1 a b\nyes a b\n", ":2: expected \"1|0 enroll test\", as in the lines before");
  refused("a b target\n1 a b\n",
          ":2: expected \"enroll test target|nontarget\", as in the lines before");
  refused("\n \n", ": no trials");
  expect_error([&] { read_trials(folder / "none"); }, Fault::io,
               folder / "none: No such file or directory");
}

TEST(Scores, ReadBackAsTheSameDoubles) {
  const TemporaryFolder folder;
  std::vector<ScoredTrial> scores;
  for (const double score :
       {0.1, -1.0 / 3.0, 1e-300, 5e-324, -0.0, 1.7976931348623157e308, 7.0, 0.30000000000000004})
    scores.push_back({{"a", "b", score > 0}, score});
  write_scores(folder / "s", scores);
  const auto read = read_scores(folder / "s");
  ASSERT_EQ(read.size(), scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(read[i].trial, scores[i].trial);
    EXPECT_EQ(read[i].score, scores[i].score);
    EXPECT_EQ(std::signbit(read[i].score), std::signbit(scores[i].score));
  }
}

TEST(Scores, AreATrialALine) {
  const TemporaryFolder folder;
  write_scores(folder / "s", {{{"a.wav", "b.wav", true}, 0.25}, {{"a.wav", "c.wav", false}, -1.5}});
  EXPECT_EQ(read_file(folder / "s"), "a.wav b.wav 0.25 target\na.wav c.wav -1.5 nontarget\n");
}

TEST(Scores, NameTheLineThatIsWrong) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& message) {
    const std::string path = put(folder / "s", text);
    expect_error([&] { read_scores(path); }, Fault::format, path + message);
  };
  refused("a b 1 target\na b 1\n", ":2: expected \"enroll test score target|nontarget\"");
  refused("a b 1 same\n", ":1: expected \"enroll test score target|nontarget\"");
  refused("a b 1,5 target\n", ":1: expected a finite score, found \"1,5\"");
  refused("a b nan target\n", ":1: expected a finite score, found \"nan\"");
  refused("a b -inf nontarget\n", ":1: expected a finite score, found \"-inf\"");
  refused("a b 1e999 nontarget\n", ":1: expected a finite score, found \"1e999\"");
  refused("", ": no scores");
}

TEST(Scores, ATableMayHaveAnEmptyName) {
  const ScoreTable table =
      make_score_table(std::vector<ScoredTrial>{{{"", "a", true}, 1}, {{"a", "", false}, 2}});
  EXPECT_EQ(table.names, (std::vector<std::string>{"", "a"}));
  EXPECT_EQ(table.rows[1].enroll, 1U);
  EXPECT_EQ(table.rows[1].test, 0U);
}

// The names are more than fit in one block of the file and in the first table of names.
TEST(Scores, ATableHoldsWhatAListDoes) {
  const TemporaryFolder folder;
  std::vector<ScoredTrial> scores;
  for (unsigned i = 0; i < 20000; ++i)
    scores.push_back({{"speaker" + std::to_string(i * 7919 % 5003) + "/clip.wav",
                       std::to_string(i % 1000), i % 3 == 0},
                      0.25 * i});
  write_scores(folder / "s", scores);
  const ScoreTable made = make_score_table(scores), read = read_score_table(folder / "s");
  EXPECT_EQ(read.names, made.names);
  EXPECT_EQ(read.names.size(), 5003U + 1000);
  EXPECT_EQ(read.names[0], scores[0].trial.enroll);
  EXPECT_EQ(read.names[1], scores[0].trial.test);
  for (const ScoreTable* table : {&made, &read}) {
    ASSERT_EQ(table->rows.size(), scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& row = table->rows[i];
      EXPECT_EQ(table->names[row.enroll], scores[i].trial.enroll);
      EXPECT_EQ(table->names[row.test], scores[i].trial.test);
      EXPECT_EQ(row.target == 1, scores[i].trial.target);
      EXPECT_EQ(row.score, scores[i].score);
    }
  }
}

TEST(Scores, AFileWithoutLineEndsIsRefusedEarly) {
  const TemporaryFolder folder;
  expect_error(
      [&] { read_scores(put(folder / "s", "a b 1 target\n" + std::string(3 << 20, 'x'))); },
      Fault::format, folder / "s" + ":2: a line of more than 1 MiB");
}

TEST(Scores, AreNotWrittenWhereTheyCouldNotBeReadBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  const double infinity = std::numeric_limits<double>::infinity();
  expect_error(
      [&] {
        write_scores(path, {{{"a", "b", true}, infinity}});
      },
      Fault::numeric, path + ": the score of a and b is not finite");
  expect_error(
      [&] {
        write_scores(path, {{{"a b", "c", true}, 1.0}});
      },
      Fault::format,
      path + ": the name \"a b\" is empty or has a blank, which a list of words cannot hold");
  expect_error([&] { read_file(path); }, Fault::io, path + ": No such file or directory");
}

}  // namespace
}  // namespace twinear
