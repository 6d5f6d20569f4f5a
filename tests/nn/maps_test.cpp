// SPDX-License-Identifier: Apache-2.0
// Layers on maps, and CAM++, which is built of them.
#include <gtest/gtest.h>

#include <cmath>

#include "base/expect_error.h"
#include "base/threads.h"
#include "linalg/onednn_info.h"
#include "nn/batch_norm.h"
#include "nn/conv2d.h"
#include "nn/execution.h"
#include "nn/rig.h"
#include "twinear/encoder.h"

namespace twinear::nn {
namespace {

struct Conv2dCase {
  Values options;
  Shape shape;
  std::vector<std::size_t> lengths = {};
};

std::vector<Conv2dCase> cases() {
  return {
      {{{"out", 3}, {"kernel", 3}}, {2, 5, 4}},                          // one map of 4 bands
      {{{"out", 3}, {"kernel", 3}}, {2, 5, 8, 4}},                       // two maps
      {{{"out", 2}, {"kernel", 3}, {"stride", 2}}, {2, 4, 10, 5}},       // an odd last band
      {{{"out", 2}, {"kernel", 3}, {"stride", 2}}, {1, 4, 12, 6}, {3}},  // padding
      {{{"out", 4}, {"kernel", 1}, {"stride", 2}}, {3, 3, 8, 4}, {3, 1, 2}},
      {{{"out", 4}, {"kernel", 1}, {"stride", 3}}, {9, 2, 28, 14}},
      {{{"out", 2}, {"kernel", 5}, {"bias", false}}, {1, 2, 6, 3}},  // wider than the clip
      {{{"out", 16}, {"kernel", 3}}, {9, 2, 32, 2}},                 // a part and a rest
      {{{"out", 2}, {"kernel", 3}}, {1, 1, 3, 1}},                   // one frame and band
  };
}

TEST(Conv2d, GradientsAreTheSlopes) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(testing::Message()
                 << c.shape.channels << " channels, " << c.shape.bands << " bands");
    expect_slopes("conv2d", c.options, {c.shape}, c.lengths);
    expect_adding("conv2d", c.options, {c.shape}, c.lengths);
  }
}

/// What the convolution's header promises for one number: frame t, band f and map m of a clip.
double expected(Conv2d& layer, const Rig& rig, std::size_t clip, std::size_t t, std::size_t f,
                std::size_t m) {
  const Conv2dOptions& o = layer.options();
  const Activation& x = rig.in[0];
  const auto kernel = static_cast<std::int64_t>(o.kernel), middle = (kernel - 1) / 2;
  double sum = o.bias ? layer.bias().value[m] : 0.0F;
  for (std::int64_t kf = 0; kf < kernel; ++kf)
    for (std::int64_t kt = 0; kt < kernel; ++kt) {
      const std::int64_t band = static_cast<std::int64_t>(f * o.stride) + kf - middle;
      const std::int64_t frame = static_cast<std::int64_t>(t) + kt - middle;
      if (band < 0 || band >= static_cast<std::int64_t>(o.bands) || frame < 0 ||
          frame >= static_cast<std::int64_t>(x.lengths[clip]))
        continue;
      for (std::size_t in = 0; in < o.in; ++in) {
        const auto at = static_cast<std::size_t>(frame) * x.shape.channels +
                        static_cast<std::size_t>(band) * o.in + in;
        const auto w = static_cast<std::size_t>(
            (static_cast<std::int64_t>(m * o.in + in) * kernel + kf) * kernel + kt);
        sum +=
            static_cast<double>(layer.weight().value[w]) * x.value[clip * x.shape.clip_size() + at];
      }
    }
  return sum;
}

void expect_sums(const Values& options, const Shape& shape,
                 const std::vector<std::size_t>& lengths) {
  const auto layer = noisy_layer("conv2d", options, {shape});
  auto& conv = dynamic_cast<Conv2d&>(*layer);
  Rig rig(conv, {shape}, lengths, Mode::inference);
  rig.loss();
  const std::size_t bands = conv.options().bands_out(), maps = conv.options().out;
  for (std::size_t clip = 0; clip < shape.clips; ++clip)
    for (std::size_t t = 0; t < shape.frames; ++t)
      for (std::size_t f = 0; f < bands; ++f)
        for (std::size_t m = 0; m < maps; ++m) {
          const double sum = t < rig.out.lengths[clip] ? expected(conv, rig, clip, t, f, m) : 0.0;
          ASSERT_NEAR(rig.out.clip(clip)[(t * bands + f) * maps + m], sum, 1e-5);
        }
}

TEST(Conv2d, IsTheSumThatItsHeaderPromises) {
  for (const auto& c : cases()) expect_sums(c.options, c.shape, c.lengths);
  // One long clip is cut into tiles.
  expect_sums({{"out", 4}, {"kernel", 3}, {"stride", 2}}, {1, 301, 12, 6}, {});
  expect_sums({{"out", 2}, {"kernel", 7}}, {1, 257, 3}, {});
}

/// A step of training of a convolution whose arrays lie between numbers that nobody may change.
TEST(Conv2d, WritesNothingBeyondItsOutput) {
  for (const int out : {4, 8, 16})
    for (const int kernel : {1, 3}) {
      const std::vector<Shape> shapes{{9, 7, 8 * 32, 32}};
      const auto conv = noisy_layer(
          "conv2d", {{"out", out}, {"kernel", kernel}, {"stride", 2}, {"bias", false}}, shapes);
      Rig rig(*conv, shapes);
      rig.backward();
      const Buffer gradient = rig.in[0].gradient, weights = conv->parameters()[0].gradient;
      constexpr std::size_t guard = 4096;
      for (Activation* flow : {&rig.in[0], &rig.out})
        for (Buffer* numbers : {&flow->value, &flow->gradient})
          numbers->resize(numbers->size() + guard, 5.0F);
      rig.loss_weights.resize(rig.out.value.size(), 5.0F);
      rig.backward();
      for (Activation* flow : {&rig.in[0], &rig.out})
        for (Buffer* numbers : {&flow->value, &flow->gradient})
          for (std::size_t i = numbers->size() - guard; i < numbers->size(); ++i)
            ASSERT_EQ((*numbers)[i], 5.0F);
      EXPECT_EQ(conv->parameters()[0].gradient, weights);
      EXPECT_TRUE(std::equal(gradient.begin(), gradient.end(), rig.in[0].gradient.begin()));
    }
}

TEST(BatchNorm, OfMapsCountsBandsAsFrames) {
  const std::vector<Shape> maps{{3, 5, 6, 3}};  // two maps
  const auto norm = noisy_layer("batch_norm", {}, maps);
  ASSERT_EQ(norm->parameters()[0].value.size(), 2U);
  Rig rig(*norm, maps, {5, 3, 1});
  const auto same = noisy_layer("batch_norm", {}, {{1, 27, 2}});
  Rig flat(*same, {{1, 27, 2}});
  std::vector<float> expected;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < rig.in[0].lengths[i] * 6; ++k)
      expected.push_back(rig.in[0].clip(i)[k]);
  std::ranges::copy(expected, flat.in[0].value.begin());
  rig.loss();
  flat.loss();
  std::size_t at = 0;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < rig.in[0].lengths[i] * 6; ++k)
      EXPECT_NEAR(rig.out.clip(i)[k], flat.out.value[at++], 1e-5);
  expect_slopes(*norm, maps, {5, 3, 1}, 1e-3F);
  expect_slopes("batch_norm", {{"relu", true}}, {{9, 2, 6, 2}}, {}, 1e-3F);
}

TEST(Add, AddsMapsOfAsManyBands) {
  expect_slopes("add", {}, {{9, 3, 4, 2}, {9, 3, 4, 2}});
  expect_error(
      [] {
        make_layer("add", {}, std::vector<Shape>{{1, 1, 4, 2}, {1, 1, 4, 4}});
      },
      Fault::config, "expected an input with maps of 2 bands, found 4");
}

TEST(Flatten, PutsAllBandsOfAMapSideBySide) {
  const std::vector<Shape> maps{{1, 1, 6, 3}};
  const auto flatten = make_layer("flatten", {}, maps);
  Rig rig(*flatten, maps);
  rig.in[0].value = {1, 2, 3, 4, 5, 6};  // map 1: 1, 3, 5
  rig.loss();
  EXPECT_EQ(rig.out.value, (Buffer{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(rig.out.shape.bands, 0U);
  expect_slopes("flatten", {}, {{9, 3, 8, 4}});
  expect_slopes("flatten", {}, {{2, 3, 6, 2}}, {3, 1});
  expect_adding("flatten", {}, {{2, 3, 6, 2}}, {3, 1});
  expect_error(
      [] {
        make_layer("flatten", {}, std::vector<Shape>{{1, 1, 6}});
      },
      Fault::config, "expected maps, found plain channels; the layer \"conv2d\" gives maps");
}

TEST(EveryOtherLayer, RefusesMaps) {
  for (const char* kind : {"conv1d", "stats_pool", "squeeze_excite"})
    expect_error(
        [&] {
          const Values options = kind == std::string("stats_pool") ? Values{} : Values{{"out", 2}};
          make_layer(kind, options, std::vector<Shape>{{1, 1, 4, 2}});
        },
        Fault::config,
        "expected plain channels, found maps of 2 bands; the layer \"flatten\" makes channels of "
        "them");
}

TEST(ContextMask, GradientsAreTheSlopes) {
  const Values options{{"out", 3}, {"segment", 4}};
  for (const std::size_t frames : {1U, 3U, 4U, 5U, 9U}) {
    SCOPED_TRACE(frames);
    expect_slopes("context_mask", options, {{2, frames, 2}, {2, frames, 5}}, {}, 3e-3F);
  }
  expect_slopes("context_mask", options, {{3, 9, 2}, {3, 9, 5}}, {9, 4, 1}, 3e-3F);
  expect_slopes("context_mask", options, {{9, 5, 2}, {9, 5, 3}}, {}, 3e-3F);
  expect_adding("context_mask", options, {{3, 9, 2}, {3, 9, 5}}, {9, 4, 1});
}

TEST(ContextMask, SeesTheClipsMeanAndThatOfTheOwnSegment) {
  const std::vector<Shape> shapes{{2, 5, 1}, {2, 5, 1}};
  const auto mask = noisy_layer("context_mask", {{"out", 1}, {"segment", 2}}, shapes);
  const auto weight = [&](std::size_t p) {
    return static_cast<double>(mask->parameters()[p].value[0]);
  };
  Rig rig(*mask, shapes, {5, 3});
  rig.loss();
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t length = rig.in[0].lengths[i];
    const float* x = rig.in[1].clip(i);
    double mean = 0;
    for (std::size_t t = 0; t < length; ++t) mean += x[t] / static_cast<double>(length);
    for (std::size_t t = 0; t < length; ++t) {
      const std::size_t from = t / 2 * 2, to = std::min(from + 2, length);
      double segment = 0;
      for (std::size_t s = from; s < to; ++s) segment += x[s] / static_cast<double>(to - from);
      const double hidden = std::max(0.0, weight(0) * (mean + segment) + weight(1));
      const double gate = 1 / (1 + std::exp(-(weight(2) * hidden + weight(3))));
      EXPECT_NEAR(rig.out.clip(i)[t], rig.in[0].clip(i)[t] * gate, 1e-6);
    }
  }
}

TEST(StatsPool, WithEpsAddsItToTheVariance) {
  const Values options{{"unbiased", true}, {"eps", 0.25}};
  expect_slopes("stats_pool", options, {{3, 7, 4}}, {7, 5, 2});
  const auto pool = make_layer("stats_pool", options, std::vector{Shape{1, 3, 1}});
  Rig rig(*pool, {{1, 3, 1}});
  rig.in[0].value = {1.0F, 2.0F, 6.0F};
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[1], std::sqrt(7.25F));
}

EncoderSpec small_campplus() {
  return EncoderSpec::campplus({.bins = 12,
                                .maps = 4,
                                .front_blocks = {1, 2},
                                .channels = 8,
                                .growth = 4,
                                .bottleneck = 8,
                                .context = 3,
                                .segment = 5,
                                .layers = {2, 1},
                                .dilations = {1, 2},
                                .embedding = 6});
}

TEST(Campplus, HasThePublishedSize) {
  const EncoderSpec spec = EncoderSpec::campplus({});
  const Encoder encoder(spec, 0);
  EXPECT_EQ(encoder.dimension(), 192U);
  EXPECT_NEAR(static_cast<double>(encoder.parameter_count()), 6.9e6, 0.1e6);
  // The published 1.68e9 count the masks' hidden layers for each frame instead of each segment.
  EXPECT_NEAR(encoder.multiply_adds(298), 1.60e9, 0.01e9);
}

TEST(Campplus, HasTheSameGradientsAtAnyNumberOfThreads) {
  for (const Number numbers : {Number::f32, Number::bf16}) {
    if (numbers == Number::bf16 && !has_bf16()) continue;
    const auto gradients = [&](int threads) {
      const ThreadLimit limit(threads);
      Network network(small_campplus(), 1);
      Execution pass(network, {19, 30, 12}, Mode::training, {.numbers = numbers});
      fill_noise(pass.input().value, 7);
      pass.forward();
      std::ranges::fill(pass.output().gradient, 1.0F);
      for (std::size_t i = 0; i < pass.output().gradient.size(); i += 2)
        pass.output().gradient[i] = -0.5F;
      pass.backward();
      std::vector<Buffer> all{pass.output().value};
      for (const auto& [key, parameter] : network.parameters()) all.push_back(parameter->gradient);
      return all;
    };
    EXPECT_EQ(gradients(1), gradients(3));
  }
}

TEST(Campplus, EmbedsAlikeAtAnyNumberOfThreads) {
  const Encoder encoder(small_campplus(), 3);
  for (const std::size_t frames : {1U, 2U, 9U, 10U, 11U, 400U}) {
    Matrix clip(frames, 12);
    fill_noise(clip.values(), 4);
    const Matrix many = encoder.embed(std::span(&clip, 1));
    const ThreadLimit one(1);
    EXPECT_EQ(encoder.embed(std::span(&clip, 1)), many) << frames;
    for (const float v : many.values()) EXPECT_TRUE(std::isfinite(v)) << frames;
  }
}

TEST(Campplus, RefusesDilationsThatAreNotOneADenseBlock) {
  expect_error(
      [] { EncoderSpec::campplus({.layers = {3}}); }, Fault::config,
      "expected layers and a dilation for each dense block, found 1 numbers of layers and 3 "
      "dilations");
}

}  // namespace
}  // namespace twinear::nn
