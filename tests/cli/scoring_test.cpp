// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/models.h"
#include "cli/program.h"
#include "clips/npy.h"
#include "twinear/verifier.h"
#include "voices.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

/// Six clips of each of eight voices, a list of trials between four of them, and a model.
class ScoreCommand : public ::testing::Test {
 protected:
  static constexpr unsigned speakers = 8, clips = 6;

  ScoreCommand() {
    write_small_model(model);
    std::ofstream all(path("all.csv")), test(path("test.csv")), rest(path("rest.csv")),
        trials(path("trials.txt"));
    for (auto* csv : {&all, &test, &rest}) *csv << "path,label\n";
    for (unsigned s = 0; s < speakers; ++s)
      for (unsigned c = 0; c < clips; ++c) {
        write_audio(path(name(s, c)), voice(s, c, 0.3 + 0.1 * c));
        const std::string line = name(s, c) + ",voice" + std::to_string(s) + "\n";
        all << line;
        (s < 4 ? test : rest) << line;
      }
    for (unsigned a = 0; a < 4 * clips; ++a)
      for (unsigned b = a + 1; b < 4 * clips; ++b)
        trials << (a / clips == b / clips ? "1 " : "0 ") << name(a / clips, a % clips) << ' '
               << name(b / clips, b % clips) << '\n';
  }
  static std::string name(unsigned s, unsigned c) {
    return "v" + std::to_string(s) + "_" + std::to_string(c) + ".wav";
  }
  std::string path(const std::string& file) const { return folder / file; }
  Outcome score(std::vector<std::string> more) const {
    std::vector<std::string> words{"score", "--trials", path("trials.txt"), "-o", out};
    if (std::ranges::find(more, "--model") == more.end())
      more.insert(more.end(), {"--model", model});
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Json figures() const { return Json::parse(run({"eval", out, "--json"}).out); }

  TemporaryFolder folder;
  const std::string model = path("model.safetensors"), out = path("scores.txt");
};

TEST_F(ScoreCommand, NormalizesByACohortOfOtherSpeakers) {
  for (const char* norm : {"s-norm", "as-norm"}) {
    const Outcome outcome =
        score({"--norm", norm, "--cohort", path("rest.csv"), "--top", "3", "--cohort-by", "clip"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto scores = read_scores(out);
    const Verifier v = Verifier::load(model);
    const Matrix cohort = v.embed(read_manifest(path("rest.csv")).clips);
    std::vector<double> sides[2];
    const std::string names[] = {name(0, 0), name(0, 1)};
    std::vector<std::vector<float>> e;
    for (int side = 0; side < 2; ++side) {
      e.push_back(v.embed(read_audio(path(names[side]))));
      for (std::size_t i = 0; i < cohort.rows(); ++i)
        sides[side].push_back(cosine(e[static_cast<std::size_t>(side)], cohort.row(i)));
    }
    const std::size_t top = norm == std::string("as-norm") ? 3 : 0;
    EXPECT_NEAR(scores[0].score,
                normalized(cosine(e[0], e[1]), cohort_statistics(sides[0], top),
                           cohort_statistics(sides[1], top)),
                1e-2)
        << norm;
  }
}

TEST_F(ScoreCommand, RefusesACohortThatHoldsATestSpeaker) {
  EXPECT_TRUE(is_refusal(
      score({"--norm", "s-norm", "--cohort", path("all.csv"), "--manifest", path("test.csv")}),
      "has its label, voice0"));
  EXPECT_TRUE(
      is_refusal(score({"--norm", "s-norm", "--cohort", path("all.csv")}), "is the same file"));
  EXPECT_TRUE(is_refusal(score({"--norm", "s-norm"}), "--norm needs --cohort"));
  EXPECT_TRUE(is_refusal(score({"--cohort", path("rest.csv")}), "--norm needs --cohort"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(ScoreCommand, TakesOptionsByTheirFormerNamesAndNamesTheNewOnes) {
  write_file(path("spk2utt"), "zero v0_0.wav v0_1.wav v0_2.wav\n");
  write_file(path("trials.txt"), "zero v0_5.wav target\n");
  const Outcome outcome = score({"--enrol-map", path("spk2utt"), "--enrol-average=scores"});
  ASSERT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err,
            "twinear: warning: --enrol-map is now called --enrollment-map\n"
            "twinear: warning: --enrol-average is now called --enrollment-average\n");
}

TEST_F(ScoreCommand, EnrollsFromSeveralClips) {
  write_file(path("spk2utt"), "zero v0_0.wav v0_1.wav v0_2.wav\none v1_0.wav v1_1.wav\n");
  write_file(path("trials.txt"), "zero v0_5.wav target\none v0_5.wav nontarget\n");
  ASSERT_EQ(score({"--enrollment-map", path("spk2utt"), "--enrollment-average", "scores"}).code, 0);
  const auto scores = read_scores(out);
  EXPECT_EQ(scores[0].trial, (Trial{"zero", "v0_5.wav", true}));
  const Verifier v = Verifier::load(model);
  const auto test = v.embed(read_audio(path("v0_5.wav")));
  double mean = 0;
  for (unsigned c = 0; c < 3; ++c) mean += cosine(v.embed(read_audio(path(name(0, c)))), test) / 3;
  EXPECT_NEAR(scores[0].score, mean, 1e-5);
  EXPECT_GT(scores[0].score, scores[1].score);
}

TEST_F(ScoreCommand, EuclideanScoresAreDistances) {
  ASSERT_EQ(score({"--similarity", "euclidean"}).code, 0);
  for (const auto& s : read_scores(out)) EXPECT_LE(s.score, 0);
  EXPECT_LT(figures()["eer"], 0.5);
}

TEST_F(ScoreCommand, AdaptsToADomainOnceOrForGood) {
  const std::string adapted = path("adapted.safetensors");
  for (const std::string by : {"whitening", "centering"}) {
    ASSERT_EQ(score({"--adapt", path("rest.csv"), "--adapt-by", by}).code, 0);
    const std::string once = read_file(out);
    const Outcome outcome = run({"adapt", "--model", model, "--manifest", path("rest.csv"), "--by",
                                 by, "-o", adapted, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out)["clips"], 24);
    ASSERT_EQ(score({"--model", adapted}).code, 0);
    EXPECT_EQ(read_file(out), once);
    EXPECT_TRUE(is_refusal(run({"verify", path("v0_0.wav"), path("v0_1.wav"), "--model", adapted}),
                           "no calibration"));
  }
}

TEST_F(ScoreCommand, CalibratedScoresAreWhatVerifySays) {
  ASSERT_EQ(score({}).code, 0);
  const std::string calibrated = path("calibrated.safetensors");
  const Outcome fitted = run({"calibrate", "--model", model, "--scores", out, "--quality",
                              "duration", "--root", path(""), "-o", calibrated, "--json"});
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  EXPECT_TRUE(Json::parse(fitted.out)["duration"].contains("cllr_with"));

  // With lengths for certain, by hand.
  Model by_hand = load_model(calibrated);
  by_hand.calibration->lengths = {{3, 0, std::log(0.4), -9, 9}, {-1, 0, std::log(0.7), -9, 9}};
  save_model(by_hand, calibrated);
  ASSERT_EQ(score({"--model", calibrated, "--llr"}).code, 0);
  for (const auto& [trial, llr] : read_scores(out)) {
    if (trial.enroll != name(0, 1)) continue;
    const auto verdict = Json::parse(
        run({"verify", path(trial.enroll), path(trial.test), "--model", calibrated, "--json"}).out);
    EXPECT_NEAR(verdict["llr"], llr, 1e-4);
    EXPECT_EQ(verdict["same"], llr >= 0);
  }
  EXPECT_TRUE(is_refusal(score({"--llr", "--similarity", "euclidean"}), "--llr"));
}

TEST_F(ScoreCommand, TheReportMapsClipsAndPlaysErrors) {
  ASSERT_EQ(score({}).code, 0);
  auto scores = read_scores(out);
  std::ranges::find(scores, true, [](const ScoredTrial& s) { return s.trial.target; })->score = -1;
  write_scores(out, scores);
  const std::string page = path("report.html");
  const auto report = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"eval", out, "--report", page, "--resamples", "10"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words).code, 0);
    return read_file(page);
  };
  const auto holds = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  const std::string bare = report({});
  EXPECT_TRUE(holds(bare, "\"missed\":true,\"score\":-1.0"));
  EXPECT_TRUE(holds(bare, "\"sounds\":[null,null]"));
  EXPECT_TRUE(holds(bare, "\"map\":null"));
  const std::string full = report({"--root", path(""), "--model", model});
  EXPECT_TRUE(holds(full, "\"sounds\":[0,1]"));
  EXPECT_TRUE(holds(full, "data:audio/wav;base64,"));
  EXPECT_TRUE(holds(full, "\"line\":[10.0,-5.0]"));
  EXPECT_TRUE(holds(full, "source 1"));
  const std::string named = report({"--manifest", path("test.csv"), "--model", model});
  EXPECT_TRUE(holds(named, "\"speakers\":[\"voice0\",\"voice0\""));
  EXPECT_FALSE(holds(named, "source 1"));
}

TEST_F(ScoreCommand, FewShotRepeatsItsEpisodes) {
  const auto fewshot = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"fewshot", "--model", model,     "--manifest", path("all.csv"),
                                   "--way",   "4",       "--query", "4",          "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  };
  const std::string file = path("episodes.jsonl");
  const auto drawn = fewshot({"--episodes", "80", "--save-episodes", file, "--seed", "5"});
  EXPECT_EQ(drawn["way"], 4);
  EXPECT_EQ(drawn["shot"], 1);
  EXPECT_EQ(drawn["query"], 4);
  EXPECT_EQ(drawn["episodes"], 80);
  EXPECT_GT(drawn["accuracy"], 0.4);
  auto again = fewshot({"--episodes-file", file, "--threads", "1"});
  EXPECT_EQ(again, drawn);
  EXPECT_EQ(fewshot({"--episodes-file", file, "--classifier", "neighbor"})["accuracy"],
            drawn["accuracy"]);  // one clip is its own centroid
  EXPECT_NE(fewshot({"--episodes-file", file, "--base", path("rest.csv")})["accuracy"],
            drawn["accuracy"]);
  const auto chance = fewshot({"--episodes", "2000", "--shuffle-labels", "--seed", "1"});
  EXPECT_NEAR(chance["accuracy"], 0.25, chance["half_interval"]);
  EXPECT_TRUE(
      is_refusal(run({"fewshot", "--model", model, "--manifest", path("all.csv"), "--way", "9"}),
                 "8 classes; 9-way episodes need 9"));
}

}  // namespace
}  // namespace twinear
