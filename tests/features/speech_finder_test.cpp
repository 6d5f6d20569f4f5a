// SPDX-License-Identifier: Apache-2.0
#include "twinear/speech_finder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>

#include "made_noise.h"
#include "made_voice.h"

namespace twinear {
namespace {

Speech found(std::span<const float> samples) {
  SpeechFinder finder;
  finder.push(samples);
  return finder.finish();
}

TEST(SpeechFinder, FindsAVoiceBetweenPauses) {
  auto samples = made_voice(3);
  std::fill_n(samples.begin(), 16000, 0.0F);
  std::fill_n(samples.begin() + 40000, 8000, 0.0F);
  const Speech speech = found(samples);
  ASSERT_EQ(speech.voiced.size(), 298U);
  EXPECT_NEAR(speech.total_seconds, 2.98, 1e-9);
  EXPECT_EQ(speech.amount, SpeechAmount::enough);
  for (std::size_t t = 0; t < 80; ++t) EXPECT_FALSE(speech.voiced[t]) << t;
  for (std::size_t t = 115; t < 235; ++t) EXPECT_TRUE(speech.voiced[t]) << t;
  for (std::size_t t = 270; t < 298; ++t) EXPECT_FALSE(speech.voiced[t]) << t;
}

TEST(SpeechFinder, FindsNoneInNoiseTonesAndMusic) {
  // Less than a model of voices asks for (least_voice), of 3 s: chords sound a little like a choir.
  for (const auto& [name, samples] : made_noises()) EXPECT_LT(found(samples).seconds, 0.3) << name;
}

TEST(SpeechFinder, FindsAVoiceInNoiseOf10Decibels) {
  const auto voice = made_voice(3);
  for (const auto& [name, noise] : made_noises()) {
    double of_voice = 0, of_noise = 0;
    for (const float x : voice) of_voice += x * x;
    for (const float x : noise) of_noise += x * x;
    const auto gain = static_cast<float>(std::sqrt(0.1 * of_voice / of_noise));
    auto both = voice;
    for (std::size_t i = 0; i < both.size(); ++i) both[i] += gain * noise[i];
    EXPECT_GT(found(both).seconds, 1.5) << name;
  }
}

TEST(SpeechFinder, IgnoresTheLevel) {
  auto quiet = made_voice(2);
  const Speech loud = found(quiet);
  for (float& x : quiet) x *= 0.01F;
  EXPECT_NEAR(found(quiet).seconds, loud.seconds, 0.05);
}

TEST(SpeechFinder, DoesNotDependOnHowAClipIsCutNorOnTheClipBefore) {
  const auto samples = made_voice(1.3);
  SpeechFinder finder;
  for (int time = 0; time < 2; ++time) {
    for (std::size_t at = 0; at < samples.size(); at += 777)
      finder.push(std::span(samples).subspan(at, std::min<std::size_t>(777, samples.size() - at)));
    EXPECT_EQ(finder.finish().voiced, found(samples).voiced);
  }
}

TEST(SpeechFinder, SilenceAndNothingHoldNoSpeech) {
  EXPECT_EQ(found(std::vector<float>(16000)).amount, SpeechAmount::none);
  EXPECT_EQ(found(std::vector<float>(100)).amount, SpeechAmount::no_frames);
}

}  // namespace
}  // namespace twinear
