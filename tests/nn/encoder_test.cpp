// SPDX-License-Identifier: Apache-2.0
#include "twinear/encoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/threads.h"
#include "nn/execution.h"
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
  nn::Execution pass(nn::network_of(encoder), {16, 50, static_cast<std::size_t>(spec.bins)},
                     nn::Mode::training);
  nn::fill_noise(pass.input().value, 99, 2.0);
  for (int i = 0; i < 5; ++i) pass.forward();
  nn::network_of(encoder).weights_changed();
  return encoder;
}

TEST(Encoder, ABatchOfLengthsGivesEachClipTheEmbeddingThatItHasAlone) {
  for (const auto& spec :
       {EncoderSpec::compact({.bins = 20, .input_norm = true}),
        EncoderSpec::compact({.bins = 20, .strides = {2, 3, 1}}), EncoderSpec::statistics(20),
        EncoderSpec::ecapa({.bins = 20, .channels = 32, .aggregated = 48}),
        EncoderSpec::xvector({.bins = 20, .channels = 32, .pooled = 48}),
        EncoderSpec::residual({.bins = 20, .channels = {16, 32}}),
        EncoderSpec::campplus({.bins = 20, .maps = 8, .growth = 16, .layers = {3, 2, 2}})}) {
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

/// Memory of the process that is not given back, in bytes.
std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

TEST(Encoder, ManyLengthsKeepMemoryFlat) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps memory that was given back";
#endif
  const Encoder encoder(EncoderSpec::compact({.bins = 4, .channels = {8, 8}, .strides = {1, 2}}),
                        0);
  const auto embed_all = [&](std::size_t step) {
    for (std::size_t frames = 1; frames <= 20'000; frames += step) {
      const Matrix clip(frames, 4);
      ASSERT_EQ(encoder.embed(std::span(&clip, 1)).rows(), 1U);
    }
  };
  embed_all(101);
  const std::size_t before = resident();
  embed_all(37);  // five hundred other lengths
  EXPECT_LT(resident(), before + (std::size_t{16} << 20U));
}

TEST(Encoder, InBf16EmbedsAlmostAsInFp32) {
  for (const auto& spec :
       {EncoderSpec::compact({.bins = 20, .input_norm = true}), EncoderSpec::xvector({.bins = 20}),
        EncoderSpec::ecapa({.bins = 20, .channels = 128, .aggregated = 384}),
        EncoderSpec::residual({.bins = 20}),
        EncoderSpec::campplus({.bins = 20, .maps = 16, .layers = {4, 6, 4}})}) {
    Encoder encoder = trained_a_little(spec);
    const auto clips = noisy_clips(20);
    const Matrix full = encoder.embed(clips);
    if (encoder.set_precision(Precision::bf16) == Precision::fp32) {
      EXPECT_EQ(encoder.embed(clips), full);
      GTEST_SKIP() << "this CPU has no AVX512_BF16";
    }
    const Matrix narrow = encoder.embed(clips);
    EXPECT_NE(narrow, full) << spec.kind;
    for (std::size_t i = 0; i < clips.size(); ++i) {
      double cosine = 0;
      for (std::size_t c = 0; c < full.cols(); ++c)
        cosine += static_cast<double>(full.row(i)[c]) * narrow.row(i)[c];
      EXPECT_GT(cosine, 0.999) << spec.kind << ", " << clips[i].rows() << " frames";
    }
    {
      const ThreadLimit one(1);
      EXPECT_EQ(encoder.embed(clips), narrow) << spec.kind;
    }
    encoder.set_precision(Precision::fp32);
    EXPECT_EQ(encoder.embed(clips), full) << spec.kind;
  }
}

TEST(Encoder, FeaturesOfAnotherWidthAreTheCallersMistake) {
  const Encoder encoder(EncoderSpec::statistics(20), 0);
  const Matrix wrong(5, 21), empty(0, 20);
  EXPECT_THROW(encoder.embed(std::span(&wrong, 1)), std::invalid_argument);
  EXPECT_THROW(encoder.embed(std::span(&empty, 1)), std::invalid_argument);
}

/// One training step of PyTorch's on the same weights and features: embeddings, every gradient, and
/// the running statistics after it.
void expect_golden_step(const EncoderSpec& spec, const nn::Shape& input, const char* name) {
  std::ifstream file(std::string(TWINEAR_SOURCE_DIR "/tests/golden/") + name);
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
  nn::Network network(spec, 0);
  for (const auto& [key, parameter] : network.parameters())
    fill(golden.at("weights").at(key), parameter->value);
  nn::Execution pass(network, input, nn::Mode::training);
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

TEST(Encoder, ATrainingStepOfTheCompactOneIsPyTorchs) {  // tests/golden/make_compact.py
  expect_golden_step(
      EncoderSpec::compact(
          {.bins = 6, .channels = {8, 12, 10}, .strides = {1, 2, 1}, .embedding = 5}),
      {10, 21, 6}, "compact.json");
}

TEST(Encoder, ATrainingStepOfTheResidualOneIsPyTorchs) {  // tests/golden/make_resnet.py
  expect_golden_step(
      EncoderSpec::residual({.bins = 5, .channels = {6, 8}, .blocks = 2, .embedding = 4}),
      {10, 15, 5}, "resnet.json");
}

}  // namespace
}  // namespace twinear
