// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "base/random.h"
#include "features/golden_signal.h"
#include "twinear/error.h"
#include "twinear/features.h"

namespace twinear {
namespace {

/// Kaldi's ComputeVadEnergy.
std::vector<bool> kaldi_vad(const std::vector<float>& energies, const VadOptions& o) {
  const int count = static_cast<int>(energies.size());
  double threshold = o.threshold, sum = 0;
  for (const float e : energies) sum += e;
  threshold += o.mean_scale * sum / count;
  std::vector<bool> voiced;
  for (int t = 0; t < count; ++t) {
    int num = 0, den = 0;
    for (int t2 = t - o.context; t2 <= t + o.context; ++t2) {
      if (t2 < 0 || t2 >= count) continue;
      ++den;
      if (energies[static_cast<std::size_t>(t2)] > threshold) ++num;
    }
    voiced.push_back(num >= den * o.proportion);
  }
  return voiced;
}

TEST(FindSpeech, HasTheValuesOfTheVoxCelebRecipe) {
  const VadOptions recipe;
  EXPECT_EQ(recipe.threshold, 5.5);
  EXPECT_EQ(recipe.mean_scale, 0.5);
  EXPECT_EQ(recipe.context, 2);
  EXPECT_EQ(recipe.proportion, 0.12);
}

TEST(FindSpeech, IsKaldisDecisionForEveryOption) {
  const std::vector<VadOptions> options{{},
                                        {.threshold = 5.0},
                                        {.mean_scale = 0.0, .context = 0},
                                        {.context = 5, .proportion = 0.6},
                                        {.context = 50, .proportion = 0.5}};
  for (const auto& o : options)
    for (const std::size_t count : {1U, 2U, 3U, 5U, 80U}) {
      Random random(count, Purpose::test);
      std::vector<float> energies(count);
      for (float& e : energies) e = static_cast<float>(10.0 + 4.0 * random.normal());
      EXPECT_EQ(find_speech(energies, 0.01, o).voiced, kaldi_vad(energies, o)) << count;
    }
}

// The mean is (5 x 18 + 95 x 8) / 100 = 8.5, the threshold 5.5 + 4.25 = 9.75. One loud frame of
// five is 0.2 of them, at least 0.12: two more frames on either side are voiced.
TEST(FindSpeech, ALoudFrameVoicesItsNeighbors) {
  std::vector<float> energies(100, 8.0F);
  for (std::size_t t = 40; t < 45; ++t) energies[t] = 18.0F;
  const Speech speech = find_speech(energies, 0.01);
  for (std::size_t t = 0; t < 100; ++t) EXPECT_EQ(speech.voiced[t], t >= 38 && t < 47) << t;
  EXPECT_NEAR(speech.seconds, 0.09, 1e-12);
  EXPECT_NEAR(speech.total_seconds, 1.0, 1e-12);
  EXPECT_EQ(speech.amount, SpeechAmount::too_little);
  EXPECT_EQ(find_speech(energies, 0.01, {.min_seconds = 0.09}).amount, SpeechAmount::enough);
}

TEST(FindSpeech, FindsTheToneBetweenSilences) {
  std::vector<float> samples(48000);
  const auto tone = golden_signal(16000);
  std::copy(tone.begin(), tone.end(), samples.begin() + 16000);
  for (const char* preset : {"kaldi", "sherpa", "speechbrain"}) {  // whatever their scale
    const FrontEnd front_end = front_end_preset(preset);
    const Speech speech = find_speech(samples, front_end);
    ASSERT_EQ(speech.voiced.size(), LogMel(front_end).frames(samples.size())) << preset;
    EXPECT_EQ(speech.amount, SpeechAmount::enough);
    EXPECT_NEAR(speech.seconds, 1.0, 0.08) << preset;  // and its edges
    EXPECT_FALSE(speech.voiced[90]);
    EXPECT_TRUE(speech.voiced[150]);
    EXPECT_FALSE(speech.voiced[210]);
  }
}

// ln of the sum of squares of 400 samples, each 3 of 16 bits; a mean (DC) of any size is taken off.
TEST(FindSpeech, ComparesEnergiesOf16BitSamplesWithoutTheirMean) {
  std::vector<float> samples(1600);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = 0.25F + (i % 2 == 0 ? 3.0F : -3.0F) / 32768.0F;
  const double energy = std::log(400.0 * 9.0);
  const VadOptions under{.threshold = energy - 1e-3, .mean_scale = 0.0};
  const VadOptions over{.threshold = energy + 1e-3, .mean_scale = 0.0};
  EXPECT_TRUE(find_speech(samples, FrontEnd{.vad_options = under}).voiced.at(3));
  EXPECT_FALSE(find_speech(samples, FrontEnd{.vad_options = over}).voiced.at(3));
}

TEST(FindSpeech, TooLittleIsAReasonAndNotANumber) {
  EXPECT_EQ(find_speech(std::vector<float>(100)).amount, SpeechAmount::no_frames);
  const Speech silence = find_speech(std::vector<float>(16000));
  EXPECT_EQ(silence.amount, SpeechAmount::none);
  EXPECT_EQ(silence.seconds, 0.0);
  EXPECT_EQ(voiced_frames(LogMel()(std::vector<float>(16000)), silence).rows(), 0U);
}

// 1 s of silence, 1 s of sound, 1 s of silence.
std::vector<float> a_word() {
  std::vector<float> samples(48000);
  const auto tone = golden_signal(16000);
  for (std::size_t i = 0; i < tone.size(); ++i) samples[16000 + i] = tone[i];
  return samples;
}

TEST(Vad, LogMelKeepsTheVoicedFramesAfterTheNorm) {
  for (const Norm norm : {Norm::none, Norm::per_bin, Norm::sliding}) {
    const FrontEnd all{.norm = norm}, voiced{.norm = norm, .vad = Vad::energy};
    const Speech speech = find_speech(a_word(), all);
    EXPECT_NEAR(speech.seconds, 1.0, 0.08);
    EXPECT_EQ(LogMel(voiced)(a_word()), voiced_frames(LogMel(all)(a_word()), speech));
  }
}

TEST(Vad, CannotBeStreamed) { EXPECT_THROW(LogMelStream({.vad = Vad::energy}), Error); }

TEST(VoicedFrames, KeepsTheVoicedRowsInTheirOrder) {
  Matrix frames(4, 1);
  for (std::size_t t = 0; t < 4; ++t) frames.row(t)[0] = static_cast<float>(t);
  const Matrix kept = voiced_frames(frames, {.voiced = {false, true, false, true}});
  ASSERT_EQ(kept.rows(), 2U);
  EXPECT_EQ(kept.row(0)[0], 1.0F);
  EXPECT_EQ(kept.row(1)[0], 3.0F);
  EXPECT_THROW(voiced_frames(frames, {.voiced = {true}}), std::invalid_argument);
}

}  // namespace
}  // namespace twinear
