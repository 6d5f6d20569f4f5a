// SPDX-License-Identifier: Apache-2.0
#include "twinear/encoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/threads.h"
#include "nn/pass.h"
#include "nn/rig.h"

namespace twinear {
namespace {

std::vector<Matrix> noisy_clips(std::size_t bins) {
  std::vector<Matrix> clips;
  for (const std::size_t frames : {300U, 1U, 57U, 298U, 120U, 121U, 122U, 123U, 124U, 125U, 126U,
                                   127U, 128U, 16U, 17U, 2U, 999U}) {
    clips.emplace_back(frames, bins);
    nn::fill_noise(clips.back().values(), static_cast<std::uint32_t>(clips.size()));
  }
  return clips;
}

/// An encoder whose running statistics are not those it was born with.
Encoder trained_a_little(const EncoderSpec& spec) {
  Encoder encoder(spec, 1);
  nn::Pass pass(encoder.network(), {16, 50, spec.bins}, nn::Mode::training);
  nn::fill_noise(pass.input().value, 99, 2.0);
  for (int i = 0; i < 5; ++i) pass.forward();
  encoder.network().weights_changed();
  return encoder;
}

TEST(Encoder, ABatchOfLengthsGivesEachClipTheEmbeddingThatItHasAlone) {
  for (const auto& spec :
       {EncoderSpec::compact({.bins = 20, .input_norm = true}),
        EncoderSpec::compact({.bins = 20, .strides = {2, 3, 1}}), EncoderSpec::statistics(20)}) {
    const Encoder encoder = trained_a_little(spec);
    const auto clips = noisy_clips(20);
    const Matrix together = encoder.embed(clips);
    for (std::size_t i = 0; i < clips.size(); ++i) {
      const Matrix alone = encoder.embed(std::span(&clips[i], 1));
      for (std::size_t c = 0; c < alone.cols(); ++c)
        ASSERT_NEAR(together.row(i)[c], alone.row(0)[c], 1e-5)
            << spec.kind << ", " << clips[i].rows() << " frames";
    }
  }
}

TEST(Encoder, EmbedsAlikeAtAnyNumberOfThreadsAndTimes) {
  const Encoder encoder = trained_a_little(EncoderSpec::compact({.bins = 20}));
  const auto clips = noisy_clips(20);
  const Matrix many = encoder.embed(clips);
  const ThreadLimit one(1);
  EXPECT_EQ(encoder.embed(clips), many);
  EXPECT_EQ(encoder.embed(clips), many);
}

TEST(Encoder, EmbeddingsAreUnitVectors) {
  const Encoder encoder(EncoderSpec::compact({.bins = 20}), 0);
  const Matrix embeddings = encoder.embed(noisy_clips(20));
  for (std::size_t i = 0; i < embeddings.rows(); ++i) {
    double sum = 0;
    for (const float v : embeddings.row(i)) sum += static_cast<double>(v) * v;
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

TEST(Encoder, ManyLengthsKeepMemoryFlat) {
  const Encoder encoder(EncoderSpec::compact({.bins = 4, .channels = {8}, .strides = {1}}), 0);
  for (std::size_t frames = 1; frames < 1500; ++frames) {
    const Matrix clip(frames, 4);
    EXPECT_EQ(encoder.embed(std::span(&clip, 1)).rows(), 1U);
  }
}

TEST(Encoder, FeaturesOfAnotherWidthAreTheCallersMistake) {
  const Encoder encoder(EncoderSpec::statistics(20), 0);
  const Matrix wrong(5, 21), empty(0, 20);
  EXPECT_THROW(encoder.embed(std::span(&wrong, 1)), std::invalid_argument);
  EXPECT_THROW(encoder.embed(std::span(&empty, 1)), std::invalid_argument);
}

// One training step of PyTorch's on the same weights and features: embeddings, every gradient, the
// running statistics after it, and the weights after one step of AdamW.
// tests/golden/make_compact.py
TEST(Encoder, ATrainingStepIsPyTorchs) {
  std::ifstream file(TWINEAR_SOURCE_DIR "/tests/golden/compact.json");
  const auto golden = nlohmann::json::parse(file);
  const auto fill = [](const nlohmann::json& from, nn::Buffer& to) {
    const auto values = from.get<std::vector<float>>();
    ASSERT_EQ(values.size(), to.size());
    std::ranges::copy(values, to.begin());
  };
  const auto expect_close = [](const nn::Buffer& found, const nlohmann::json& expected,
                               const std::string& what) {
    const auto values = expected.get<std::vector<double>>();
    ASSERT_EQ(values.size(), found.size()) << what;
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, std::abs(values[i] - static_cast<double>(found[i])));
      largest = std::max(largest, std::abs(values[i]));
    }
    EXPECT_LE(worst, 1e-4 * largest + 1e-6) << what;
  };
  nn::Network network(
      EncoderSpec::compact(
          {.bins = 6, .channels = {8, 12, 10}, .strides = {1, 2, 1}, .embedding = 5}),
      0);
  for (const auto& [key, parameter] : network.parameters())
    fill(golden.at("weights").at(key), parameter->value);
  nn::Pass pass(network, {10, 21, 6}, nn::Mode::training);
  fill(golden.at("features"), pass.input().value);
  pass.forward();
  expect_close(pass.output().value, golden.at("embeddings"), "embeddings");
  fill(golden.at("weights_of_loss"), pass.output().gradient);
  pass.backward();
  for (const auto& [key, parameter] : network.parameters())
    if (parameter->learned())
      expect_close(parameter->gradient, golden.at("gradients").at(key), key);
    else
      expect_close(parameter->value, golden.at("after").at(key), key);
}

}  // namespace
}  // namespace twinear
