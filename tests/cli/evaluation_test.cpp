// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/program.h"
#include "twinear/audio.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

TEST(Eval, AnswersAnyTask) {
  const TemporaryFolder folder;
  write_file(folder / "s", "a b 2 target\nc d -1 target\na c -1 nontarget\nb d -2 nontarget\n");
  const Outcome outcome = run({"eval", folder / "s", "--task", "0.5", "--task", "0.01,10,1",
                               "--json", "--resamples", "50"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto tasks = Json::parse(outcome.out)["tasks"];
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0]["p_target"], 0.5);
  EXPECT_EQ(tasks[0]["c_miss"], 1.0);
  EXPECT_DOUBLE_EQ(tasks[0]["min_dcf"], 0.5);
  EXPECT_DOUBLE_EQ(tasks[0]["act_dcf"], 0.5);
  EXPECT_EQ(tasks[1]["c_miss"], 10.0);
  EXPECT_DOUBLE_EQ(tasks[1]["min_dcf"], 0.5);
  EXPECT_LE(tasks[1]["min_dcf_interval"][0], 0.5);
  EXPECT_NE(run({"eval", folder / "s", "--task", "0.01,10,1"}).out.find("minDCF (0.01,10,1)"),
            std::string::npos);
}

TEST(Eval, RefusesATaskThatIsNone) {
  const TemporaryFolder folder;
  write_file(folder / "s", "a b 2 target\na c -1 nontarget\n");
  for (const char* task :
       {"0", "1", "x", "", "0.1,", "0.1,1", "0.1,1,0", "0.1,1,1,1", "0.1,inf,1", "0.1,1,-1"})
    EXPECT_TRUE(is_refusal(run({"eval", folder / "s", "--task", task}), "P,C_MISS,C_FALSE_ALARM"))
        << task;
}

/// LLRs of twelve speakers of four clips, in two languages; trials join the clips of a speaker in
/// pairs only, so that without a manifest each pair looks like a speaker.
class EvalBy : public ::testing::Test {
 protected:
  EvalBy() {
    std::string scores, manifest = "path,label,language,seconds\n";
    for (int s = 0; s < 12; ++s)
      for (int c = 0; c < 4; ++c) {
        const std::string seconds = c < 2 ? "1.2" : "3";
        manifest += name(s, c) + ",ada" + std::to_string(s) + (c % 2 == 0 ? ",aa," : ",bb,") +
                    seconds + "\n";
        write_file(folder / name(s, c), "sound");
        if (c % 2 == 1) scores += trial(name(s, c - 1), name(s, c), s == 3 ? -1 : 2 + s, true);
        for (int other = 0; other < s; ++other)
          scores += trial(name(s, c), name(other, c), other == 0 ? 1 : -2 - s, false);
      }
    write_file(folder / "s", scores);
    write_file(folder / "m.csv", manifest);
  }
  static std::string name(int speaker, int clip) {
    return "v" + std::to_string(speaker) + "_" + std::to_string(clip) + ".wav";
  }
  static std::string trial(const std::string& a, const std::string& b, int llr, bool target) {
    return a + " " + b + " " + std::to_string(llr) + (target ? " target\n" : " nontarget\n");
  }
  Outcome eval(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"eval", folder / "s", "--resamples", "50"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  TemporaryFolder folder;
};

TEST_F(EvalBy, LabelsAreTheSpeakers) {
  EXPECT_EQ(Json::parse(eval({"--json"}).out)["speakers"], 24);
  EXPECT_EQ(Json::parse(eval({"--json", "--manifest", folder / "m.csv"}).out)["speakers"], 12);
}

TEST_F(EvalBy, AColumnGivesFiguresOfEachPairOfValues) {
  const Outcome outcome = eval({"--json", "--manifest", folder / "m.csv", "--by", "language"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto by = Json::parse(outcome.out)["by"];
  ASSERT_EQ(by.size(), 1U);
  EXPECT_EQ(by[0]["column"], "language");
  const auto groups = by[0]["groups"];
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0]["group"], "aa");
  EXPECT_EQ(groups[0]["nontargets"], 132);
  EXPECT_EQ(groups[0]["speakers"], 12);
  EXPECT_FALSE(groups[0].contains("eer"));  // nobody has two clips in a trial of one language
  EXPECT_EQ(groups[1]["group"], "aa / bb");
  EXPECT_EQ(groups[1]["targets"], 24);
  EXPECT_EQ(groups[1]["trials"], 24);
  EXPECT_EQ(
      outcome.out,
      eval({"--json", "--manifest", folder / "m.csv", "--by", "language", "--threads", "1"}).out);
}

TEST_F(EvalBy, LengthIsThatOfTheShorterClip) {
  const Outcome outcome = eval({"--json", "--manifest", folder / "m.csv", "--by", "length"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto groups = Json::parse(outcome.out)["by"][0]["groups"];
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0]["group"], "under 1.5 s");
  EXPECT_EQ(groups[1]["group"], "2.5 to 4 s");
  for (const auto& group : groups) {
    EXPECT_EQ(group["targets"], 12);
    EXPECT_EQ(group["nontargets"], 132);
    EXPECT_DOUBLE_EQ(group["miss"], 1.0 / 12);
    EXPECT_DOUBLE_EQ(group["false_alarm"], 22.0 / 132);
    for (const char* key : {"eer", "min_cllr", "cllr", "miss", "false_alarm", "wrong_of_sure"}) {
      EXPECT_TRUE(group.contains(key)) << key;
      const auto interval = group[std::string(key) + "_interval"];
      EXPECT_LT(interval[0], interval[1]) << key;
    }
  }
}

TEST_F(EvalBy, LengthIsMeasuredWhereTheManifestDoesNotSayIt) {
  Waveform wave{16000, std::vector<float>(16000 * 2)};
  for (int s = 0; s < 12; ++s)
    for (int c = 0; c < 4; ++c) write_audio(folder / name(s, c), wave);
  const Outcome outcome = eval({"--json", "--root", folder / "", "--by", "length"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto groups = Json::parse(outcome.out)["by"][0]["groups"];
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0]["group"], "1.5 to 2.5 s");
}

TEST_F(EvalBy, AColumnOfTheNameLengthComesFirst) {
  std::string text = read_file(folder / "m.csv");
  text.replace(text.find("language"), 8, "length");
  write_file(folder / "m.csv", text);
  const auto by =
      Json::parse(eval({"--json", "--manifest", folder / "m.csv", "--by", "length"}).out)["by"];
  EXPECT_EQ(by[0]["groups"][0]["group"], "aa");
}

TEST_F(EvalBy, TheTextHasARowForEachGroup) {
  const Outcome outcome =
      eval({"--manifest", folder / "m.csv", "--by", "language", "--by", "length"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("  aa           132     0        132       12\n"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("  under 1.5 s     144    12        132       12"), std::string::npos)
      << outcome.out;
}

TEST_F(EvalBy, TheReportHasTheGroupsAndTheReliability) {
  const std::string page = folder / "r.html";
  ASSERT_EQ(eval({"--manifest", folder / "m.csv", "--by", "length", "--report", page}).code, 2)
      << "the made-up sounds cannot be played";
  for (int s = 0; s < 12; ++s)
    for (int c = 0; c < 4; ++c)
      write_audio(folder / name(s, c), {16000, std::vector<float>(16000)});
  const Outcome outcome =
      eval({"--manifest", folder / "m.csv", "--by", "length", "--report", page});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string html = read_file(page);
  EXPECT_NE(html.find("<th scope=\"row\">under 1.5 s</th><td>12</td><td>132</td><td>12</td>"),
            std::string::npos);
  EXPECT_NE(html.find("\"groups\":[\"under 1.5 s\",\"2.5 to 4 s\"]"), std::string::npos);
  EXPECT_EQ(html.find("There is no reliability plot"), std::string::npos);
}

TEST_F(EvalBy, RefusesWhatTheManifestDoesNotHave) {
  EXPECT_TRUE(is_refusal(eval({"--by", "language"}), "expected --manifest"));
  EXPECT_TRUE(is_refusal(eval({"--by", "length"}), "v0_0.wav: there is no such file"));
  EXPECT_TRUE(is_refusal(eval({"--manifest", folder / "m.csv", "--by", "languages"}),
                         "no column \"languages\" in the manifest; found language, seconds"));
  std::string scores = read_file(folder / "s");
  write_file(folder / "s", scores + "v1_0.wav stranger 1 nontarget\n");
  EXPECT_TRUE(is_refusal(eval({"--manifest", folder / "m.csv", "--by", "language"}),
                         "s: stranger: the manifest has no clip of this name"));
  write_file(folder / "s", scores + "v1_0.wav v2_0.wav 1 target\n");
  EXPECT_TRUE(is_refusal(eval({"--manifest", folder / "m.csv"}),
                         "trial v1_0.wav v2_0.wav: is said to be a target trial, but joins the "
                         "labels ada1 and ada2"));
  write_file(folder / "s", scores);
  write_file(folder / "m.csv",
             read_file(folder / "m.csv") + name(1, 0) + ",ada1,aa,long\n");  // the first one counts
  EXPECT_EQ(eval({"--manifest", folder / "m.csv", "--by", "length"}).code, 0);
  std::string text = read_file(folder / "m.csv");
  text.replace(text.find("1.2"), 3, "0.0");
  write_file(folder / "m.csv", text);
  EXPECT_TRUE(is_refusal(eval({"--manifest", folder / "m.csv", "--by", "length"}),
                         "seconds: expected a number above 0, found \"0.0\""));
}

TEST_F(EvalBy, ReliabilityIsThatOfLlrs) {
  const auto said = Json::parse(eval({"--json"}).out);
  EXPECT_EQ(said["llrs"], true);
  ASSERT_GT(said["reliability"].size(), 7U);  // ten, less those that ties join
  double last = 0;
  for (const auto& bin : said["reliability"]) {
    EXPECT_GE(bin["said"], last);
    last = bin["said"];
    EXPECT_LE(bin["right_interval"][0], bin["right"]);
    EXPECT_GE(bin["right_interval"][1], bin["right"]);
  }
  EXPECT_NE(eval({}).out.find("wrong of sure, %"), std::string::npos);
  const auto forced = Json::parse(eval({"--json", "--llr", "no"}).out);
  EXPECT_EQ(forced["llrs"], false);
  EXPECT_TRUE(forced["reliability"].empty());
  EXPECT_FALSE(forced.contains("miss"));
  write_file(folder / "s", "a b 0.9 target\na c 0.1 nontarget\n");  // cosines
  EXPECT_EQ(Json::parse(eval({"--json"}).out)["llrs"], false);
  EXPECT_EQ(Json::parse(eval({"--json", "--llr", "yes"}).out)["llrs"], true);
}

}  // namespace
}  // namespace twinear
