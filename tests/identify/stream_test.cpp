// SPDX-License-Identifier: Apache-2.0
#include "twinear/stream.h"

#include <gtest/gtest.h>

#include "made_noise.h"
#include "made_voice.h"

namespace twinear {
namespace {

using Status = ClipEmbedding::Status;

TEST(EmbeddingStream, EmbedsVoicesAndNeitherNoiseNorSilence) {
  Model model{.front_end = {},
              .encoder = Encoder(EncoderSpec::statistics(80), 0),
              .calibration = {},
              .provenance = "{}",
              .id = {}};
  model.source = "speaker";
  const Verifier verifier(std::move(model));
  const auto noises = made_noises();
  std::vector<float> samples;
  std::vector<Status> expected;
  for (const auto& [part, status] : {std::pair{noises.at("white noise"), Status::no_speech},
                                     std::pair{made_voice(3), Status::embedded},
                                     std::pair{noises.at("chords"), Status::no_speech},
                                     std::pair{std::vector<float>(48000), Status::silent}}) {
    samples.insert(samples.end(), part.begin(), part.end());
    expected.push_back(status);
  }
  EmbeddingStream stream(verifier, 16000, {.seconds = 3, .hop = 3});
  std::vector<Status> found;
  for (std::size_t at = 0; at < samples.size(); at += 4000)
    for (const StreamWindow& window : stream.push(std::span(samples).subspan(at, 4000)))
      found.push_back(window.clip.status);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace twinear
