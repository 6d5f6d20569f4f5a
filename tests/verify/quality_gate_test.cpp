// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "made_noise.h"
#include "made_voice.h"
#include "twinear/verifier.h"

namespace twinear {
namespace {

using Status = ClipEmbedding::Status;

/// A model without training that tells `source` apart.
Verifier verifier_of(const std::string& source, int sample_rate = 16000) {
  Model model{.front_end = {.sample_rate = sample_rate},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = Calibration{.scale = 10, .offset = -5, .source = "a test"},
              .provenance = "{}",
              .id = {}};
  model.source = source;
  return Verifier(std::move(model));
}

ClipEmbedding embedded(const Verifier& verifier, std::vector<float> samples,
                       const QualityGate& gate = {}, int rate = 16000) {
  const Clip clip = clip_of_samples({rate, std::move(samples)}, "clip");
  return verifier.embed_each(std::span(&clip, 1), {.gate = gate}).front();
}

std::vector<float> scaled(std::vector<float> samples, float gain) {
  for (float& x : samples) x *= gain;
  return samples;
}

TEST(QualityGate, AModelOfVoicesRefusesWhatIsNoVoice) {
  const Verifier verifier = verifier_of("speaker");
  for (const auto& [name, samples] : made_noises())
    for (const float gain : {1.0F, 0.1F}) {
      const ClipEmbedding clip = embedded(verifier, scaled(samples, gain));
      EXPECT_EQ(clip.status, Status::no_speech) << name;
      EXPECT_TRUE(clip.embedding.empty()) << name;
      ASSERT_TRUE(clip.error) << name;
      EXPECT_TRUE(std::string(clip.error->what())
                      .starts_with("clip: noise or music rather than a voice: 0."))
          << name << clip.error->what();
    }
}

TEST(QualityGate, AModelOfVoicesTakesVoicesAtEveryLevelAndRate) {
  for (const int rate : {8000, 16000}) {
    const Verifier verifier = verifier_of("speaker", rate);
    for (const float gain : {1.0F, 0.01F})
      EXPECT_EQ(embedded(verifier, scaled(made_voice(1), gain)).status, Status::embedded)
          << rate << ' ' << gain;
  }
}

TEST(QualityGate, AnotherModelTakesAllSoundButSilence) {
  const Verifier verifier = verifier_of("sound");
  for (const auto& [name, samples] : made_noises())
    EXPECT_EQ(embedded(verifier, samples).status, Status::embedded) << name;
  EXPECT_EQ(embedded(verifier, std::vector<float>(32000)).status, Status::silent);
}

TEST(QualityGate, SilenceIsNamedSoAlsoByAModelOfVoices) {
  const Verifier verifier = verifier_of("speaker");
  EXPECT_EQ(embedded(verifier, std::vector<float>(32000)).status, Status::silent);
  const ClipEmbedding faint = embedded(verifier, scaled(made_noises()["white noise"], 1.5e-3F));
  EXPECT_EQ(faint.status, Status::silent);
  EXPECT_EQ(std::string(faint.error->what()),
            "clip: silence: no frame of it is loud enough to hold speech");
}

TEST(QualityGate, AVoiceThatSaysTooLittleIsRefusedWithTheAmount) {
  const Verifier verifier = verifier_of("speaker");
  auto word = made_voice(3);
  std::fill(word.begin() + 11200, word.end(), 0.0F);
  EXPECT_EQ(embedded(verifier, word).status, Status::embedded);
  const ClipEmbedding clip = embedded(verifier, word, {.min_speech = 1.5});
  EXPECT_EQ(clip.status, Status::too_short);
  const std::string told = clip.error->what();
  EXPECT_NE(told.find(" s of speech in 3.00 s; at least 1.5 s is needed"), std::string::npos)
      << told;
}

TEST(QualityGate, WarnsInsteadIfItIsAskedTo) {
  const ClipEmbedding clip =
      embedded(verifier_of("speaker"), made_noises()["a tone"], {.warns = true});
  EXPECT_EQ(clip.status, Status::embedded);
  EXPECT_EQ(clip.warnings, std::vector<std::string>{"clip: noise or music rather than a voice: "
                                                    "0.0 s of speech in 3.0 s"});
}

TEST(QualityGate, FeaturesPassBecauseTheirSoundIsUnknown) {
  const Clip clip = clip_of_features(Matrix(200, 80), "features");
  const Verifier verifier = verifier_of("speaker");
  EXPECT_EQ(verifier.embed_each(std::span(&clip, 1)).front().status, Status::embedded);
}

TEST(QualityGate, NoScoreIsGivenForNoise) {
  const Verifier verifier = verifier_of("speaker");
  const Waveform noise{16000, made_noises()["white noise"]}, voice{16000, made_voice(2)};
  expect_error([&] { verifier.embed(noise); }, Fault::format,
               "samples: noise or music rather than a voice: *");
  EXPECT_EQ(verifier.embed(voice).size(), verifier.model().encoder.dimension());
}

}  // namespace
}  // namespace twinear
