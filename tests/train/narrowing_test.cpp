// SPDX-License-Identifier: Apache-2.0
#include "train/narrowing.h"

#include <gtest/gtest.h>

#include <set>

#include "base/expect_error.h"
#include "train/corpus.h"
#include "train/warm_start.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

bool none_anew(const std::string&) { return false; }

nn::Parameter& parameter(Encoder& encoder, const std::string& key) {
  for (const auto& [name, p] : nn::network_of(encoder).parameters())
    if (name == key) return *p;
  throw Error(Fault::config, "no parameter " + key);
}

/// Nobody reads these inputs of the layer any more.
void cut_inputs(Encoder& encoder, const std::string& layer, const std::set<std::size_t>& inputs) {
  nn::Parameter& p = parameter(encoder, layer + ".weight");
  const std::size_t each = p.value.size() / (p.shape[0] * p.shape[1]);
  for (std::size_t i = 0; i < p.value.size(); ++i)
    if (inputs.contains(i / each % p.shape[1])) p.value[i] = 0;
}

/// Statistics and scales as training leaves them: of each channel another.
void stir(Encoder& encoder) {
  float x = 0.3F;
  for (const auto& [key, p] : nn::network_of(encoder).parameters())
    if (key.find("norm") != std::string::npos)
      for (float& v : p->value) v += 0.2F * (x = 3.9F * x * (1 - x));
  nn::network_of(encoder).weights_changed();
}

Matrix features(std::size_t frames, std::size_t bins) {
  Matrix m(frames, bins);
  float x = 0.4F;
  for (float& v : m.values()) v = (x = 3.9F * x * (1 - x)) - 0.5F;
  return m;
}

void expect_equal_embeddings(const Encoder& a, const Encoder& b, std::size_t bins) {
  const std::vector<Matrix> clips{features(61, bins), features(230, bins)};
  const Matrix x = a.embed(clips), y = b.embed(clips);
  ASSERT_EQ(x.values().size(), y.values().size());
  for (std::size_t i = 0; i < x.values().size(); ++i)
    EXPECT_NEAR(x.values()[i], y.values()[i], 2e-5) << i;
}

TEST(Narrowing, WhatNobodyReadsIsLeftOutOfPlainConvolutions) {
  const auto encoder = [](int channels) {
    return Encoder(EncoderSpec::compact(
                       {.bins = 12, .channels = {channels, 16}, .strides = {1, 2}, .embedding = 8}),
                   channels);
  };
  Encoder wide = encoder(16), slim = encoder(11);
  stir(wide);
  cut_inputs(wide, "conv2", {0, 3, 4, 9, 15});
  nn::network_of(wide).weights_changed();
  narrow(nn::network_of(wide), nn::network_of(slim), none_anew);
  expect_equal_embeddings(wide, slim, 12);
}

CampplusOptions small_campplus() {
  return {.bins = 16,
          .maps = 3,
          .front_blocks = {1, 1},
          .channels = 8,
          .growth = 4,
          .bottleneck = 8,
          .context = 4,
          .segment = 20,
          .layers = {3, 2},
          .dilations = {1, 2},
          .embedding = 6};
}

TEST(Narrowing, WhatNobodyReadsIsLeftOutOfDenseBlocks) {
  CampplusOptions options = small_campplus();
  Encoder wide(EncoderSpec::campplus(options), 1);
  options.layers = {2, 1};
  Encoder slim(EncoderSpec::campplus(options), 2);
  stir(wide);
  // The first block ends with 8 + 3 * 4 channels, of which the transit makes 10; of the narrow one
  // 16 and 8. The second block ends with 10 + 2 * 4 channels, of which 9 are made; the narrow one
  // 12, 6.
  cut_inputs(wide, "transit1.conv", {16, 17, 18, 19});
  cut_inputs(wide, "block2.1.conv1", {2, 7});
  cut_inputs(wide, "transit2.conv", {2, 7, 14, 15, 16, 17});
  cut_inputs(wide, "projection", {0, 4, 8, 9 + 0, 9 + 4, 9 + 8});
  nn::network_of(wide).weights_changed();
  narrow(nn::network_of(wide), nn::network_of(slim), none_anew);
  expect_equal_embeddings(wide, slim, 16);

  options = small_campplus();
  options.unit = false;  // as published encoders are
  Encoder bare(EncoderSpec::campplus(options), 1);
  for (const auto& [key, p] : nn::network_of(wide).parameters())
    parameter(bare, key).value = p->value;
  nn::network_of(bare).weights_changed();
  narrow(nn::network_of(bare), nn::network_of(slim), none_anew);
  expect_equal_embeddings(wide, slim, 16);
}

TEST(Narrowing, AResidualBlockThatAddsNothingIsLeftOut) {
  CampplusOptions options = small_campplus();
  options.front_blocks = {2, 1};
  Encoder wide(EncoderSpec::campplus(options), 1);
  options.front_blocks = {1, 1};
  Encoder slim(EncoderSpec::campplus(options), 2);
  stir(wide);
  for (const char* key : {"weight", "bias", "running_mean"})
    for (float& v : parameter(wide, std::string("front.stage1.2.second.norm.") + key).value) v = 0;
  nn::network_of(wide).weights_changed();
  narrow(nn::network_of(wide), nn::network_of(slim), none_anew);
  expect_equal_embeddings(wide, slim, 16);
}

TEST(Narrowing, KeepsTheChannelsThatAreReadMost) {
  CampplusOptions options = small_campplus();
  Encoder wide(EncoderSpec::campplus(options), 1);
  options.maps = 2;
  options.bottleneck = 5;
  options.context = 3;
  Encoder slim(EncoderSpec::campplus(options), 2);
  narrow(nn::network_of(wide), nn::network_of(slim), none_anew);
  const auto& kept = parameter(slim, "block1.1.norm2.weight");
  EXPECT_EQ(kept.value.size(), 5U);
  for (const Matrix& clip : {features(40, 16), features(90, 16)})
    for (const float v : slim.embed(std::vector{clip}).values()) EXPECT_TRUE(std::isfinite(v));
  EXPECT_EQ(parameter(slim, "front.conv1.conv.weight").value[0],
            parameter(wide, "front.conv1.conv.weight").value[0]);
}

TEST(Narrowing, AllOfANetworkIsACopyOfIt) {
  Encoder wide(EncoderSpec::ecapa({.bins = 16,
                                   .channels = 16,
                                   .aggregated = 24,
                                   .attention = 8,
                                   .squeeze = 8,
                                   .scale = 4,
                                   .embedding = 6}),
               1);
  Encoder same(wide.spec(), 2);
  stir(wide);
  narrow(nn::network_of(wide), nn::network_of(same), none_anew);
  expect_equal_embeddings(wide, same, 16);
}

void expect_refusal(const EncoderSpec& from, const EncoderSpec& to, const std::string& message) {
  const Encoder wide(from, 1);
  Encoder slim(to, 2);
  expect_error([&] { narrow(nn::network_of(wide), nn::network_of(slim), none_anew); },
               Fault::mismatch, message);
}

TEST(Narrowing, RefusesWhatIsNotThereOrCannotBeTakenApart) {
  CampplusOptions options = small_campplus();
  CampplusOptions deeper = options, wider = options;
  deeper.layers = {3, 3};
  wider.bottleneck = 9;
  const auto from = EncoderSpec::campplus(options);
  expect_refusal(from, EncoderSpec::campplus(deeper),
                 "it has no layer \"block2.3.norm1\" of the kind batch_norm");
  expect_refusal(from, EncoderSpec::campplus(wider),
                 "its layer \"block1.1.conv1\" has 8 channels, the recipe's 9");
  expect_refusal(EncoderSpec::ecapa({.bins = 16, .channels = 16, .scale = 4}),
                 EncoderSpec::ecapa({.bins = 16, .channels = 8, .scale = 4}),
                 "layer \"block1.res2.0.in\" of the kind slice cannot be narrowed");
}

TEST(Narrowing, AModelMayHaveAnotherFrontEndOfAsManyBins) {
  const TemporaryFolder folder;
  const auto model = [&](int bins, double hop, int embedding) {
    FrontEnd front_end;
    front_end.mel_bins = bins;
    front_end.hop_ms = hop;
    return Model{.front_end = front_end,
                 .encoder = Encoder(
                     EncoderSpec::compact(
                         {.bins = bins, .channels = {16}, .strides = {1}, .embedding = embedding}),
                     1),
                 .calibration = {},
                 .provenance = "{}",
                 .id = {}};
  };
  save_model(model(12, 5, 8), folder / "wide.safetensors");
  const TrainOptions options{.init = folder / "wide.safetensors", .narrow = true};
  Model other = model(12, 10, 6), more = model(13, 5, 6);
  EXPECT_EQ(warm_start(other, options), load_model(folder / "wide.safetensors").id);
  EXPECT_THROW(warm_start(more, options), Error);
}

}  // namespace
}  // namespace twinear
