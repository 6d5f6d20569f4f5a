// SPDX-License-Identifier: Apache-2.0
#include "twinear/verifier.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {
namespace {

Verifier verifier(bool calibrated) {
  Model model{.front_end = {},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = {},
              .provenance = "{}",
              .id = {}};
  if (calibrated)
    model.calibration =
        Calibration{.scale = 10, .offset = -5, .source = "a test", .thresholds = {}};
  return Verifier(std::move(model));
}

std::string sample(const char* name) {
  return std::string(TWINEAR_SOURCE_DIR "/data/samples/") + name;
}

TEST(Cosine, IsTheAngleAndNeverNaN) {
  const std::vector<float> a{1, 2, 2}, b{-2, -4, -4}, zero{0, 0, 0}, c{2, 1, -2};
  EXPECT_DOUBLE_EQ(cosine(a, a), 1.0);
  EXPECT_DOUBLE_EQ(cosine(a, b), -1.0);
  EXPECT_DOUBLE_EQ(cosine(a, c), 0.0);
  EXPECT_EQ(cosine(a, zero), 0.0);
  EXPECT_EQ(cosine(zero, zero), 0.0);
  EXPECT_THROW(cosine(a, std::vector<float>{1}), std::invalid_argument);
}

TEST(Verifier, DecidesAtTheThresholdThatItNames) {
  const Verifier v = verifier(true);
  const Verdict at = v.decide(0.5);
  EXPECT_TRUE(at.same);  // accept iff score >= threshold
  EXPECT_DOUBLE_EQ(at.threshold, 0.5);
  EXPECT_NEAR(at.llr.value(), 0.0, 1e-12);
  EXPECT_NEAR(at.probability.value(), 0.5, 1e-12);
  EXPECT_NE(at.threshold_from.find("a test"), std::string::npos);
  EXPECT_FALSE(v.decide(0.49).same);
  EXPECT_FALSE(v.decide(0.5, 0.6).same);
}

TEST(Verifier, TheLengthsOfClipsMoveTheThreshold) {
  Model model{.front_end = {},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = Calibration{.scale = 10, .offset = -5, .source = "", .thresholds = {}},
              .provenance = "{}",
              .id = {}};
  model.calibration->lengths = {1, 0, std::log(2.0), 0};  // a shorter clip of 2 s shifts nothing
  const Verifier v(std::move(model));
  const Verdict usual = v.decide(0.5), brief = v.decide(0.5, {}, Lengths{1, 9});
  EXPECT_TRUE(usual.same);
  EXPECT_FALSE(brief.same);
  EXPECT_NEAR(brief.llr.value(), -std::log(2.0), 1e-12);
  EXPECT_NEAR(brief.threshold, 0.5 + std::log(2.0) / 10, 1e-12);
  EXPECT_EQ(brief.score, 0.5);
}

TEST(Verifier, KnowsHowLongAClipIs) {
  const Verifier v = verifier(false);
  Clip clip;
  clip.path = sample(read_trials(sample("trials.txt"))[0].enroll.c_str());
  const double whole = read_audio(clip.path).seconds();
  EXPECT_NEAR(v.seconds(clip), whole, 1e-3);
  clip.start = 0.25;
  EXPECT_NEAR(v.seconds(clip), whole - 0.25, 1e-3);
  clip.end = 0.75;
  EXPECT_NEAR(v.seconds(clip), 0.5, 1e-3);
}

TEST(Verifier, RefusesToDecideWithoutAMeaningForItsScores) {
  const Verifier v = verifier(false);
  EXPECT_THROW(v.decide(0.9), Error);
  const Verdict given = v.decide(0.9, 0.3);
  EXPECT_TRUE(given.same);
  EXPECT_FALSE(given.llr.has_value());
}

TEST(Verifier, ScoresTrialsInTheirOrderAndSymmetrically) {
  const auto all = read_trials(sample("trials.txt"));
  std::vector<Trial> trials(all.begin(), all.begin() + 12);
  for (int i = 0; i < 12; ++i)
    trials.push_back({trials[static_cast<std::size_t>(i)].test,
                      trials[static_cast<std::size_t>(i)].enroll,
                      trials[static_cast<std::size_t>(i)].target});
  const Verifier v = verifier(false);
  const auto scores = v.score(trials, {.root = sample("")});
  ASSERT_EQ(scores.size(), 24U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(scores[i].trial, trials[i]);
    EXPECT_DOUBLE_EQ(scores[i].score, scores[i + 12].score);
    EXPECT_NEAR(scores[i].score,
                v.compare(read_audio(sample(trials[i].enroll.c_str())),
                          read_audio(sample(trials[i].test.c_str())), 0.5)
                    .score,
                1e-5);
  }
  const ThreadLimit one(1);
  const auto again = v.score(trials, {.root = sample("")});
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(again[i].score, scores[i].score);
}

TEST(Verifier, ResamplesWhatItHears) {
  const auto trials = read_trials(sample("trials.txt"));
  const Waveform clip = read_audio(sample(trials[0].enroll.c_str()));
  Waveform other = clip;
  other.sample_rate = 48000;
  other.samples = resample(clip.samples, clip.sample_rate, 48000);
  EXPECT_GT(verifier(false).compare(clip, other, 0.5).score, 0.999);
}

}  // namespace
}  // namespace twinear
