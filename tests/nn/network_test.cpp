// SPDX-License-Identifier: Apache-2.0
#include "nn/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/encoder_spec.h"
#include "nn/execution.h"
#include "nn/rig.h"
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
  EXPECT_EQ(refusal(with({.kind = "conv1d", .name = "c", .keys = {{"out", 3}, {"kernel", 2}}})),
            "layer \"c\" (conv1d): kernel: expected an odd number, found 2");
  EXPECT_NE(refusal(with({.kind = "conv1d", .name = "c"})).find("out: expected 1"),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "convolution", .name = "c"}))
                .find("layer \"c\" (convolution): unknown layer \"convolution\""),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "relu", .name = "c", .keys = {{"out", 3}}}))
                .find("unknown key \"out\""),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "relu", .name = "pool"})).find("a name of its own"),
            std::string::npos);
  EXPECT_NE(refusal(with({.kind = "linear", .name = "l", .keys = {{"out", 3}}}))
                .find("after the pooling layer"),
            std::string::npos);
  EXPECT_NE(refusal({.kind = "test", .bins = 4, .layers = {{.kind = "relu", .name = "r"}}})
                .find("no pooling"),
            std::string::npos);
  EXPECT_NE(refusal({.kind = "test", .bins = 4, .layers = {}}).find("no layers"),
            std::string::npos);
  EXPECT_NE(
      refusal({.kind = "test", .bins = 0, .layers = {{.kind = "relu", .name = "r"}}}).find("bins"),
      std::string::npos);
  EXPECT_NE(refusal(with({.kind = "conv1d",
                          .name = "c",
                          .keys = {{"out", 65536}, {"kernel", 1023}, {"bias", false}}}))
                .find("weights"),
            std::string::npos);
}

TEST(Network, RefusesLayersLargerThanMemoryBeforeTheyAreMade) {
  for (const char* kind : {"context_conv", "squeeze_excite"}) {
    EncoderSpec spec = with({.kind = kind, .name = "huge", .keys = {{"out", 65536}}});
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

/// y = factor x: a layer as a program that uses the library writes one, in floats alone.
class Scaled final : public Layer {
 public:
  void keys(Fields& f) override { f.number({"factor", "", "y = factor x"}, factor_, -10, 10); }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return std::make_unique<ScaledOp>(factor_, in[0], out);
  }

 private:
  class ScaledOp final : public Op {
   public:
    ScaledOp(double factor, const Input& in, Activation& out)
        : factor_(static_cast<float>(factor)), x_(in), y_(out) {}
    void forward(const MicroBatch& batch) override {
      for (std::size_t i = 0; i < y_.size(batch); ++i)
        y_.value(batch.first)[i] = factor_ * x_.value(batch.first)[i];
    }
    void backward(const MicroBatch& batch) override {
      if (!x_.wants_gradient()) return;
      auto dx = x_.gradient_of(batch);
      for (std::size_t i = 0; i < y_.size(batch); ++i)
        dx.data()[i] = factor_ * y_.gradient(batch.first)[i];
    }

   private:
    float factor_;
    InputView<float> x_;
    ActivationView<float> y_;
  };

  double factor_ = 2;
};

TEST(Layers, AKindThatAProgramAddsIsUsedByItsName) {
  layers().add({"scaled", "y = factor x", new_layer<Scaled>});
  EXPECT_THROW(layers().add({"scaled", "another", new_layer<Scaled>}), std::invalid_argument);
  expect_slopes("scaled", {{"factor", 3.0}}, {{9, 3, 4}});
  expect_adding("scaled", {}, {{9, 3, 4}});
  const EncoderSpec spec = with({.kind = "scaled", .name = "s", .keys = {{"factor", 0.5}}});
  EXPECT_EQ(refusal(spec), "accepted");
  const EncoderSpec back = parse_encoder_spec(encoder_spec_json(spec), "test");
  EXPECT_EQ(back.layers[0].keys, (Values{{"factor", 0.5}}));
  EXPECT_EQ(refusal(with({.kind = "scaled", .name = "s", .keys = {{"factor", 11.0}}})),
            "layer \"s\" (scaled): options: factor: expected a value from -10 to 10, found 11.0");
  // It knows floats alone: in bf16 it is refused, not fed with numbers that it misreads.
  Network network({.kind = "test",
                   .bins = 4,
                   .layers = {{.kind = "conv1d", .name = "c", .keys = {{"out", 4}}},
                              {.kind = "scaled", .name = "s"},
                              {.kind = "stats_pool", .name = "p"}}},
                  0);
  EXPECT_NO_THROW(Execution(network, {2, 5, 4}, Mode::training));
  EXPECT_THROW(Execution(network, {2, 5, 4}, Mode::training, {.numbers = Number::bf16}),
               std::invalid_argument);
}

TEST(Architectures, EachGivesAnEncoderByDefault) {
  for (const ArchitectureKind& kind : architectures()) {
    if (kind.name == "layers") continue;
    const EncoderSpec spec = encoder_spec({.kind = kind.name}, 16);
    EXPECT_EQ(spec.kind, kind.name);
    EXPECT_GT(Encoder(spec, 0).dimension(), 0U) << kind.name;
  }
  EXPECT_THROW(encoder_spec({.kind = "ecapa", .keys = {{"strides", std::vector{1}}}}, 16), Error);
  EXPECT_THROW(encoder_spec({.kind = "transformer"}, 16), Error);
}

TEST(Architectures, OneThatAProgramAddsIsUsedByItsName) {
  class Two final : public Architecture {
   public:
    void keys(Fields& f) override { f.whole({"embedding", "", "its width"}, embedding_, 1, 99); }
    EncoderSpec spec(int bins) const override {
      return {.kind = "two",
              .bins = bins,
              .layers = {{.kind = "stats_pool", .name = "p"},
                         {.kind = "linear", .name = "l", .keys = {{"out", embedding_}}}}};
    }

   private:
    int embedding_ = 7;
  };
  architectures().add({"two", "two layers", [] { return std::make_unique<Two>(); }});
  const Encoder encoder(encoder_spec({.kind = "two", .keys = {{"embedding", 9}}}, 16), 0);
  EXPECT_EQ(encoder.dimension(), 9U);
}

TEST(EncoderSpec, SurvivesItsJson) {
  const auto spec = EncoderSpec::compact({.bins = 40, .input_norm = true});
  EXPECT_EQ(parse_encoder_spec(encoder_spec_json(spec), "test"), spec);
  const auto old = parse_encoder_spec(
      R"({"kind":"c","bins":1,"layers":[{"kind":"stats_pool","name":"a","least_variance":0.5}]})",
      "an earlier version's");
  EXPECT_EQ(old.layers[0].keys, (Values{{"min_variance", 0.5}, {"unbiased", false}, {"eps", 0.0}}));
  EXPECT_THROW(parse_encoder_spec(R"({"kind":"compact","bins":1})", "m"), Error);
  EXPECT_THROW(parse_encoder_spec(
                   R"({"kind":"c","bins":1,"layers":[{"kind":"relu","name":"a","out":3}]})", "m"),
               Error);
  EXPECT_THROW(parse_encoder_spec("[1, 2]", "m"), Error);
}

}  // namespace
}  // namespace twinear::nn
