// SPDX-License-Identifier: Apache-2.0
#include "nn/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/encoder_spec.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

std::string refusal(const EncoderSpec& spec) {
  try {
    const Network network(spec, 0);
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::config);
    return e.what();
  }
  return "accepted";
}

EncoderSpec with(LayerSpec layer) {
  return {.kind = "test",
          .bins = 4,
          .layers = {std::move(layer), {.kind = "stats_pool", .name = "pool"}}};
}

TEST(Network, RefusesWhatNoEncoderCanBe) {
  EXPECT_EQ(refusal(with({.kind = "conv1d", .name = "c", .out = 3, .kernel = 2})),
            "layer \"c\" (conv1d): kernel: expected an odd number, found 2");
  EXPECT_NE(refusal(with({.kind = "conv1d", .name = "c"})).find("out: expected 1"),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "convolution", .name = "c"})).find("unknown kind"),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "relu", .name = "pool"})).find("a name of its own"),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "linear", .name = "l", .out = 3})).find("before the pooling"),
            std::string::npos);
  EXPECT_NE(refusal({.kind = "test", .bins = 4, .layers = {{.kind = "relu", .name = "r"}}})
                .find("no pooling"),
            std::string::npos);
  EXPECT_NE(refusal({.kind = "test", .bins = 4, .layers = {}}).find("no layers"),
            std::string::npos);
  EXPECT_NE(
      refusal({.kind = "test", .bins = 0, .layers = {{.kind = "relu", .name = "r"}}}).find("bins"),
      std::string::npos);
  EXPECT_NE(
      refusal(with({.kind = "conv1d", .name = "c", .out = 65536, .kernel = 1023, .bias = false}))
          .find("weights"),
      std::string::npos);
}

TEST(Network, RefusesLayersLargerThanMemoryBeforeTheyAreMade) {
  for (const char* kind : {"context_conv", "squeeze_excite"}) {
    EncoderSpec spec = with({.kind = kind, .name = "huge", .out = 65536});
    spec.bins = 65536;
    EXPECT_NE(refusal(spec).find("weights"), std::string::npos) << kind;
  }
}

TEST(Network, DrawsTheSameWeightsFromTheSameSeedOnly) {
  const auto weights = [](std::uint64_t seed) {
    const Network network(EncoderSpec::compact({.bins = 4, .channels = {8}, .strides = {1}}), seed);
    return network.parameters().front().parameter->value;
  };
  EXPECT_EQ(weights(1), weights(1));
  EXPECT_NE(weights(1), weights(2));
  for (const float w : weights(1)) EXPECT_LE(std::abs(w), 1 / std::sqrt(20.0F));
}

TEST(Network, CountsParametersAndMultiplyAdds) {
  // The reference's compact encoder on 64 bands: 0.44 million parameters.
  const Encoder encoder(EncoderSpec::compact({.bins = 64}), 0);
  const std::size_t convs = 64 * 128 * 5 + 128 * 256 * 3 + 256 * 256 * 3;
  const std::size_t norms = 2 * (128 + 256 + 256 + 512);
  EXPECT_EQ(encoder.parameter_count(), convs + norms + 512 * 192 + 192);
  EXPECT_EQ(encoder.multiply_adds(100),
            100.0 * 64 * 128 * 5 + 50.0 * 128 * 256 * 3 + 50.0 * 256 * 256 * 3 + 512 * 192);
}

TEST(EncoderSpec, SurvivesItsJson) {
  const auto spec = EncoderSpec::compact({.bins = 40, .input_norm = true});
  EXPECT_EQ(parse_encoder_spec(encoder_spec_json(spec), "test"), spec);
  EXPECT_THROW(parse_encoder_spec(R"({"kind":"compact","bins":1})", "m"), Error);
  EXPECT_THROW(parse_encoder_spec(
                   R"({"kind":"c","bins":1,"layers":[{"kind":"relu","name":"a","out":3}]})", "m"),
               Error);
  EXPECT_THROW(parse_encoder_spec("[1, 2]", "m"), Error);
}

}  // namespace
}  // namespace twinear::nn
