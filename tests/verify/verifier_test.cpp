// SPDX-License-Identifier: Apache-2.0
#include "twinear/verifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/expect_error.h"
#include "base/random.h"
#include "base/threads.h"
#include "twinear/error.h"
#include "verify/voice_files.h"

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
  EXPECT_FALSE(v.decide(0.5, Acceptance::at_score(0.6)).same);
}

TEST(Verifier, TheLengthsOfClipsMoveTheThreshold) {
  Model model{.front_end = {},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = Calibration{.scale = 10, .offset = -5, .source = "", .thresholds = {}},
              .provenance = "{}",
              .id = {}};
  model.calibration->lengths = {{1, 0, std::log(2.0), -9, 9},
                                {}};  // a shorter clip of 2 s shifts nothing
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
  const VoiceFiles files(1, 1);
  Clip clip = files.clips[0];
  const double whole = voice(0, 0).seconds();
  const auto seconds = [&] { return v.embed_each(std::span(&clip, 1)).front().seconds; };
  EXPECT_NEAR(seconds(), whole, 1e-3);
  clip.start = 0.25;
  EXPECT_NEAR(seconds(), whole - 0.25, 1e-3);
  clip.end = 0.65;
  EXPECT_NEAR(seconds(), 0.4, 1e-3);
}

TEST(Verifier, AcceptsAtAScoreAtEvenOddsOrAtAFalseAlarmRate) {
  Model model{.front_end = {},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = Calibration{.scale = 10,
                                         .offset = -5,
                                         .source = "a test",
                                         .targets = 1000,
                                         .nontargets = 1000,
                                         .thresholds = {{0.1, 0.6, 0.2}, {0.05, 0.7, 0.3}}},
              .provenance = "{}",
              .id = {}};
  model.calibration->lengths = {{1, 0, std::log(2.0), -9, 9}, {}};
  const Verifier v(std::move(model));
  const Lengths brief{1, 9};
  const double shift = std::log(2.0) / 10;
  EXPECT_DOUBLE_EQ(v.threshold(), 0.5);
  EXPECT_DOUBLE_EQ(v.threshold(Acceptance::at_false_alarm(0.05)), 0.7);
  EXPECT_NEAR(v.decide(0.5, Acceptance::at_false_alarm(0.05), brief).threshold, 0.7 + shift, 1e-12);
  EXPECT_EQ(v.decide(0.5, Acceptance::at_score(0.4), brief).threshold, 0.4);
  EXPECT_EQ(v.decide(0.5, {}, Lengths{0, 9}).threshold, v.threshold());  // unknown: the mean
  EXPECT_EQ(v.decide(0.5, Acceptance::at_false_alarm(0.05)).threshold_from,
            "accepts 5 % of different sources in a test");
  EXPECT_EQ(v.decide(0.5, Acceptance::at_false_alarm(1e-4)).threshold_from,
            "accepts 0.01 % of different sources in a test; their trials are too few for it, and "
            "their tail is modelled");
  expect_error([&] { v.threshold(Acceptance::at_false_alarm(2)); }, Fault::config,
               "the model: false-alarm rate 2: *");
  expect_error([&] { v.decide(NAN); }, Fault::numeric, "a score that is not finite");
}

TEST(Verifier, ASearchOfManyAcceptsLess) {
  const Verifier v = verifier(true);
  const Acceptance search = Acceptance::per_search(0.01);
  EXPECT_NEAR(search.comparison_rate(), 0.01, 1e-12);
  EXPECT_NEAR(1 - std::pow(1 - search.among(50).comparison_rate(), 50), 0.01, 1e-12);
  EXPECT_EQ(search.among(0).comparison_rate(), search.comparison_rate());
  EXPECT_GT(v.threshold(search.among(50)), v.threshold(search));
  EXPECT_TRUE(v.decide(0.5, search.among(50))
                  .threshold_from.starts_with("names 1 % of strangers in a search of 50: "));
}

TEST(Verifier, LeavesOpenWhatIsLessSureThanWasAskedFor) {
  const Verifier v = verifier(true);
  const Acceptance sure = Acceptance::even_odds().at_least(0.9);
  const double needed = std::log(9.0) / 10;
  for (const double away : {-0.2, -0.1, 0.0, 0.1, 0.2}) {
    const Verdict verdict = v.decide(0.5 + away * needed / 0.15, sure);
    EXPECT_EQ(verdict.answered(), std::abs(away) > 0.15) << away;
    EXPECT_EQ(verdict.same, away > 0.15) << away;
    EXPECT_STREQ(answer(verdict), away > 0.15    ? "same"
                                  : away < -0.15 ? "different"
                                                 : "cannot tell");
    EXPECT_TRUE(v.decide(0.5 + away).answered());
  }
  EXPECT_EQ(v.decide(0.5, sure).doubt, "the evidence is 50 % sure; at least 90 % was asked for");
  for (const double certainty : {0.4, 1.0, std::nan("")})
    EXPECT_THROW(Acceptance::even_odds().at_least(certainty), Error) << certainty;
  expect_error([&] { verifier(false).decide(0.5, Acceptance::at_score(0).at_least(0.9)); },
               Fault::config, "the model: holds no calibration: *");
}

std::vector<float> noise(std::size_t count, double level = 0.3) {
  Random random(0, Purpose::test);
  std::vector<float> samples(count);
  for (float& x : samples) x = static_cast<float>(random.uniform(-level, level));
  return samples;
}

TEST(Verifier, OneBadClipOfManyCostsOnlyItself) {
  const Verifier v = verifier(true);
  std::vector<float> broken = noise(16000);
  broken[5] = NAN;
  const std::vector<Clip> clips{
      clip_of_samples({16000, noise(32000)}, "good"),
      clip_of_file("/no/such.wav"),
      clip_of_samples({16000, std::vector<float>(32000)}, "silent"),
      clip_of_samples({16000, broken}, "broken"),
      clip_of_features(Matrix(10, 79), "narrow"),
      clip_of_samples({16000, noise(8000)}, "brief"),
  };
  const auto results = v.embed_each(clips);
  using Status = ClipEmbedding::Status;
  const Status expected[] = {Status::embedded,   Status::unreadable, Status::silent,
                             Status::unreadable, Status::unreadable, Status::embedded};
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].status, expected[i]) << i;
    EXPECT_EQ(results[i].source, clips[i].place());
    EXPECT_EQ(results[i].error.has_value(), results[i].embedding.empty());
    if (results[i].error) {
      EXPECT_TRUE(std::string(results[i].error->what()).starts_with(clips[i].place() + ": "));
    }
  }
  EXPECT_TRUE(results[0].warnings.empty());
  EXPECT_EQ(results[5].warnings,
            std::vector<std::string>{
                "brief: 0.50 s of sound; under 1.5 s the answer is less sure than it says"});
  expect_error([&] { v.embed(clips); }, Fault::io, "/no/such.wav: *");
  const Verdict untold = v.compare(clips[0], clips[2]);
  EXPECT_EQ(untold.doubt, "silent: digital silence: every sample is 0");
  EXPECT_FALSE(untold.same);
  EXPECT_TRUE(std::isnan(untold.score));
  expect_error([&] { v.compare(clips[0], clips[3]); }, Fault::numeric, "broken: *");
  expect_error(
      [&] {
        v.embed(Waveform{16000, noise(32000, 1e-5)});
      },
      Fault::format, "samples: silence: *");
  expect_error(
      [&] {
        v.embed(Waveform{16000, noise(32000, 2e-4)});
      },
      Fault::format, "samples: silence: no frame of it is loud enough to hold speech");
}

TEST(Verifier, BatchesGiveTheEmbeddingsOfSingleClips) {
  const Verifier v = verifier(true);
  std::vector<Clip> clips;
  for (std::size_t i = 0; i < 600; ++i)
    clips.push_back(clip_of_samples({16000, noise(1600 + 8 * i)}));
  const auto together = v.embed_each(clips);
  for (const std::size_t i : {0U, 255U, 256U, 599U})
    for (std::size_t k = 0; k < together[i].embedding.size(); ++k)
      EXPECT_NEAR(together[i].embedding[k], v.embed(clips[i])[k], 1e-5);
}

TEST(QualityGate, AClipForEnrollmentMustBeCleanAndHoldSpeech) {
  const Verifier v = verifier(true);
  auto loud = noise(32000);
  for (float& x : loud) x = std::clamp(9 * x, -1.0F, 1.0F);
  const std::vector<Clip> clips{clip_of_samples({16000, loud}, "loud"),
                                clip_of_samples({8000, noise(16000)}, "telephone"),
                                clip_of_samples({16000, noise(9000)}, "brief")};
  const auto status = [&](const QualityGate& gate) {
    std::string words;
    for (const auto& result : v.embed_each(clips, {.gate = gate}))
      words += std::to_string(static_cast<int>(result.status)) + " ";
    return words;
  };
  EXPECT_EQ(status({}), "0 0 0 ");
  using Status = ClipEmbedding::Status;
  const auto words = [](Status a, Status b, Status c) {
    return fmt::format("{} {} {} ", int(a), int(b), int(c));
  };
  EXPECT_EQ(status(QualityGate::enrollment()),
            words(Status::refused, Status::refused, Status::too_short));
  EXPECT_EQ(status(QualityGate::enrollment(0.1)),
            words(Status::refused, Status::refused, Status::embedded));
  EXPECT_EQ(status({.min_speech = 1, .clean = true, .warns = true}), "0 0 0 ");
  EXPECT_NE(v.embed_each(clips)[1].warnings.at(0).find("telephone audio?"), std::string::npos);
}

TEST(Verifier, RefusesToDecideWithoutAMeaningForItsScores) {
  const Verifier v = verifier(false);
  EXPECT_THROW(v.decide(0.9), Error);
  const Verdict given = v.decide(0.9, Acceptance::at_score(0.3));
  EXPECT_TRUE(given.same);
  EXPECT_FALSE(given.llr.has_value());
}

TEST(Verifier, ScoresTrialsInTheirOrderAndSymmetrically) {
  const VoiceFiles files(4, 2);
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < 12; ++i)
    trials.push_back({files.clips[i % 3].name, files.clips[3 + i / 3].name, i % 3 == 2 && i < 3});
  for (int i = 0; i < 12; ++i)
    trials.push_back({trials[static_cast<std::size_t>(i)].test,
                      trials[static_cast<std::size_t>(i)].enroll,
                      trials[static_cast<std::size_t>(i)].target});
  const Verifier v = verifier(false);
  const auto scores = v.score(trials, {.root = files.folder / ""});
  ASSERT_EQ(scores.size(), 24U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(scores[i].trial, trials[i]);
    EXPECT_DOUBLE_EQ(scores[i].score, scores[i + 12].score);
    EXPECT_NEAR(scores[i].score,
                v.compare(read_audio(files.folder / trials[i].enroll),
                          read_audio(files.folder / trials[i].test), Acceptance::at_score(0.5))
                    .score,
                1e-5);
  }
  const ThreadLimit one(1);
  const auto again = v.score(trials, {.root = files.folder / ""});
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(again[i].score, scores[i].score);
}

TEST(Verifier, ResamplesWhatItHears) {
  const Waveform clip = voice(0, 0);
  Waveform other = clip;
  other.sample_rate = 48000;
  other.samples = resample(clip.samples, clip.sample_rate, 48000);
  EXPECT_GT(verifier(false).compare(clip, other, Acceptance::at_score(0.5)).score, 0.999);
}

}  // namespace
}  // namespace twinear
