// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "nn/batch_norm.h"
#include "nn/conv1d.h"
#include "nn/rig.h"

namespace twinear::nn {
namespace {

std::unique_ptr<Conv1d> noisy_conv(const Conv1dOptions& o, bool linear = false) {
  const auto whole = [](std::size_t n) { return static_cast<int>(n); };
  Values options{{"out", whole(o.out)}, {"bias", o.bias}};
  if (!linear)
    for (const auto& [key, value] : {std::pair<const char*, Value>{"kernel", whole(o.kernel)},
                                     {"stride", whole(o.stride)},
                                     {"dilation", whole(o.dilation)},
                                     {"reflect", o.reflect}})
      set_value(options, key, value);
  auto layer = make_layer(linear ? "linear" : "conv1d", options, std::vector{Shape{1, 1, o.in}});
  for (std::size_t i = 0; i < layer->parameters().size(); ++i)
    fill_noise(layer->parameters()[i].value, static_cast<std::uint32_t>(10 + i), 0.3);
  return std::unique_ptr<Conv1d>(dynamic_cast<Conv1d*>(layer.release()));
}

std::unique_ptr<BatchNorm> made_norm(std::size_t channels, const Values& options = {}) {
  auto layer = make_layer("batch_norm", options, std::vector{Shape{1, 1, channels}});
  return std::unique_ptr<BatchNorm>(dynamic_cast<BatchNorm*>(layer.release()));
}

struct ConvCase {
  Conv1dOptions options;
  Shape shape;
  std::vector<std::size_t> lengths;
};

std::vector<ConvCase> conv_cases() {
  return {
      {{.in = 3, .out = 4, .kernel = 5}, {2, 9, 3}, {}},
      {{.in = 3, .out = 4, .kernel = 3, .stride = 2}, {2, 9, 3}, {}},
      {{.in = 3, .out = 4, .kernel = 3, .stride = 2}, {1, 8, 3}, {}},
      {{.in = 2, .out = 3, .kernel = 3, .stride = 3, .dilation = 2}, {2, 11, 2}, {}},
      {{.in = 2, .out = 3, .kernel = 3, .dilation = 4, .bias = false}, {1, 7, 2}, {}},
      {{.in = 5, .out = 2, .kernel = 1}, {3, 4, 5}, {}},
      {{.in = 4, .out = 17, .kernel = 3}, {1, 1, 4}, {}},        // one frame
      {{.in = 3, .out = 4, .kernel = 3}, {9, 5, 3}, {}},         // a part and a rest
      {{.in = 3, .out = 4, .kernel = 5}, {3, 8, 3}, {8, 5, 1}},  // padded
      {{.in = 3, .out = 4, .kernel = 3, .stride = 2}, {3, 8, 3}, {7, 4, 2}},
      {{.in = 16, .out = 32, .kernel = 3, .stride = 2}, {10, 6, 16}, {}},
      {{.in = 3, .out = 4, .kernel = 5, .reflect = true}, {3, 8, 3}, {8, 5, 1}},  // mirrored
      {{.in = 3, .out = 4, .kernel = 3, .dilation = 3, .reflect = true}, {9, 4, 3}, {}},
      {{.in = 2, .out = 3, .kernel = 3, .stride = 2, .reflect = true}, {2, 7, 2}, {7, 4}},
  };
}

TEST(Conv1d, GradientsAreTheSlopes) {
  for (const auto& c : conv_cases()) {
    SCOPED_TRACE(testing::Message() << "kernel " << c.options.kernel << " stride "
                                    << c.options.stride << " dilation " << c.options.dilation
                                    << " clips " << c.shape.clips << " frames " << c.shape.frames);
    expect_slopes(*noisy_conv(c.options), {c.shape}, c.lengths);
  }
}

TEST(Conv1d, IsTheSumThatItsHeaderPromises) {
  for (const auto& c : conv_cases()) {
    const auto conv = noisy_conv(c.options);
    Rig rig(*conv, {c.shape}, c.lengths, Mode::inference);
    rig.loss();
    const auto& o = c.options;
    const auto& weight = conv->weight().value;
    for (std::size_t clip = 0; clip < c.shape.clips; ++clip)
      for (std::size_t t = 0; t < rig.out.shape.frames; ++t)
        for (std::size_t y = 0; y < o.out; ++y) {
          double sum = o.bias ? conv->bias().value[y] : 0.0F;
          for (std::size_t k = 0; k < o.kernel; ++k) {
            auto from = static_cast<std::int64_t>(o.stride * t + o.dilation * k) -
                        static_cast<std::int64_t>(o.margin());
            const auto length = static_cast<std::int64_t>(rig.in[0].lengths[clip]);
            if (o.reflect && length > 1)
              while (from < 0 || from >= length) from = from < 0 ? -from : 2 * (length - 1) - from;
            else if (o.reflect)
              from = 0;
            if (from < 0 || from >= static_cast<std::int64_t>(c.shape.frames)) continue;
            for (std::size_t x = 0; x < o.in; ++x)
              sum += weight[(y * o.in + x) * o.kernel + k] *
                     static_cast<double>(
                         rig.in[0].clip(clip)[static_cast<std::size_t>(from) * o.in + x]);
          }
          if (t >= rig.out.lengths[clip]) sum = 0;
          EXPECT_NEAR(rig.out.clip(clip)[t * o.out + y], sum, 1e-5);
        }
  }
}

TEST(Linear, GradientsAreTheSlopes) {
  const auto linear = noisy_conv({.in = 6, .out = 5}, true);
  EXPECT_EQ(linear->weight().shape, (std::vector<std::size_t>{5, 6}));
  expect_slopes(*linear, {{11, 1, 6}});
  expect_slopes(*noisy_conv({.in = 6, .out = 5, .bias = false}, true), {{1, 1, 6}});
}

TEST(BatchNorm, GradientsAreTheSlopes) {
  for (const bool affine : {false, true})
    for (const bool relu : {false, true}) {
      SCOPED_TRACE(testing::Message() << "affine " << affine << " relu " << relu);
      const auto made = made_norm(3, {{"affine", affine}, {"relu", relu}});
      BatchNorm& norm = *made;
      if (affine) {
        fill_noise(norm.scale().value, 3);
        fill_noise(norm.shift().value, 4);
      }
      expect_slopes(norm, {{3, 5, 3}}, {5, 3, 1}, 1e-3F);
      expect_slopes(norm, {{10, 1, 3}}, {}, 1e-3F);  // a pooled vector
      expect_slopes(norm, {{1, 9, 3}}, {}, 1e-3F);
    }
}

TEST(BatchNorm, MakesEachChannelOfTheValidFramesStandard) {
  const auto made = made_norm(2);
  BatchNorm& norm = *made;
  Rig rig(norm, {{3, 6, 2}}, {6, 2, 3});
  for (float& v : rig.in[0].value) v = v == 0 ? 0 : 5 + 3 * v;
  rig.loss();
  for (std::size_t c = 0; c < 2; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = c; i < rig.out.value.size(); i += 2) {
      sum += rig.out.value[i];
      squares += static_cast<double>(rig.out.value[i]) * rig.out.value[i];
    }
    EXPECT_NEAR(sum / 11, 0, 1e-5);
    EXPECT_NEAR(squares / 11, 1, 1e-4);
  }
}

TEST(BatchNorm, RunningStatisticsMoveATenthOfTheWay) {
  const auto made = made_norm(1);
  BatchNorm& norm = *made;
  Rig rig(norm, {{2, 2, 1}});
  rig.in[0].value = {1, 2, 3, 6};  // mean 3, unbiased variance 14/3
  rig.loss();
  EXPECT_FLOAT_EQ(norm.mean().value[0], 0.3F);
  EXPECT_FLOAT_EQ(norm.variance().value[0], 0.9F + 0.1F * 14 / 3);
}

TEST(BatchNorm, OfASingleFrameIsFinite) {
  const auto made = made_norm(2, {{"relu", true}});
  BatchNorm& norm = *made;
  Rig rig(norm, {{1, 1, 2}});
  rig.backward();
  for (const float v : rig.in[0].gradient) EXPECT_EQ(v, 0.0F);
  for (const auto& p : norm.parameters())
    for (const float v : p.value) EXPECT_TRUE(std::isfinite(v));
}

TEST(BatchNorm, WithTheReluFirstNormalizesWhatTheReluLeaves) {
  const auto made = made_norm(3, {{"relu_first", true}});
  BatchNorm& norm = *made;
  fill_noise(norm.scale().value, 3);
  fill_noise(norm.shift().value, 4);
  expect_slopes(norm, {{3, 6, 3}}, {6, 3, 2}, 1e-3F);
  expect_adding(norm, {{3, 6, 3}}, {6, 3, 2});
}

TEST(Tanh, IsTheStandardLibrarysAndItsGradientsAreTheSlopes) {
  expect_slopes("tanh", {}, {{9, 3, 4}});
  const auto tanh = make_layer("tanh", {}, std::vector{Shape{1, 1, 200}});
  Rig rig(*tanh, {{1, 1, 200}});
  for (int i = 0; i < 200; ++i)
    rig.in[0].value[static_cast<std::size_t>(i)] = static_cast<float>(i - 100) * 0.2F;
  rig.loss();
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_NEAR(rig.out.value[i], std::tanh(rig.in[0].value[i]), 3e-7);
}

TEST(Slice, TakesItsChannelsAndAddsTheOtherInput) {
  const Values options{{"from", 1}, {"out", 2}};
  const std::vector<Shape> shapes{{1, 1, 4}, {1, 1, 2}};
  const auto slice = make_layer("slice", options, shapes);
  Rig rig(*slice, shapes);
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[0], rig.in[0].value[1] + rig.in[1].value[0]);
  EXPECT_FLOAT_EQ(rig.out.value[1], rig.in[0].value[2] + rig.in[1].value[1]);
  expect_slopes("slice", options, {{9, 3, 4}, {9, 3, 2}});
  expect_slopes("slice", options, {{2, 3, 4}}, {3, 1});
  expect_adding("slice", options, {{9, 3, 4}, {9, 3, 2}});
}

TEST(Concat, PutsChannelsSideBySide) {
  const std::vector<Shape> shapes{{1, 2, 2}, {1, 2, 1}};
  const auto concat = make_layer("concat", {}, shapes);
  Rig rig(*concat, shapes);
  rig.loss();
  EXPECT_EQ(rig.out.value[2], rig.in[1].value[0]);
  EXPECT_EQ(rig.out.value[3], rig.in[0].value[2]);
  expect_slopes("concat", {}, {{9, 3, 4}, {9, 3, 2}, {9, 3, 1}});
  expect_adding("concat", {}, {{9, 3, 4}, {9, 3, 2}});
}

TEST(Add, SumsItsInputs) {
  expect_slopes("add", {}, {{9, 3, 4}, {9, 3, 4}});
  expect_adding("add", {}, {{9, 3, 4}, {9, 3, 4}});
}

TEST(SqueezeExcite, GradientsAreTheSlopes) {
  const Values options{{"out", 3}};
  expect_slopes("squeeze_excite", options, {{9, 4, 5}, {9, 4, 5}}, {}, 3e-3F);
  expect_slopes("squeeze_excite", options, {{3, 4, 5}}, {4, 2, 1}, 3e-3F);
  expect_adding("squeeze_excite", options, {{3, 4, 5}, {3, 4, 5}}, {4, 2, 1});
}

TEST(ContextConv, GradientsAreTheSlopes) {
  const Values options{{"out", 3}};
  expect_slopes("context_conv", options, {{9, 5, 4}}, {}, 3e-3F);
  expect_slopes("context_conv", options, {{3, 5, 4}}, {5, 3, 2}, 3e-3F);
  expect_adding("context_conv", options, {{3, 5, 4}}, {5, 3, 2});
}

TEST(ContextConv, IsALinearMapOfFrameMeanAndDeviation) {
  const auto conv = noisy_layer("context_conv", {{"out", 3}}, {{2, 4, 2}});
  const Buffer &weight = conv->parameters()[0].value, &bias = conv->parameters()[1].value;
  Rig rig(*conv, {{2, 4, 2}}, {4, 3});
  rig.loss();
  for (std::size_t i = 0; i < 2; ++i) {
    double context[6] = {};
    const std::size_t length = rig.in[0].lengths[i];
    const auto n = static_cast<double>(length);
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t c = 0; c < 2; ++c) context[2 + c] += rig.in[0].clip(i)[2 * t + c] / n;
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t c = 0; c < 2; ++c)
        context[4 + c] += std::pow(rig.in[0].clip(i)[2 * t + c] - context[2 + c], 2) / n;
    for (std::size_t c = 0; c < 2; ++c) context[4 + c] = std::sqrt(context[4 + c]);
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t y = 0; y < 3; ++y) {
        double sum = bias[y];
        for (std::size_t c = 0; c < 2; ++c) context[c] = rig.in[0].clip(i)[2 * t + c];
        for (std::size_t c = 0; c < 6; ++c) sum += weight[6 * y + c] * context[c];
        EXPECT_NEAR(rig.out.clip(i)[3 * t + y], sum, 1e-5);
      }
  }
}

TEST(AttentivePool, GradientsAreTheSlopes) {
  expect_slopes("attentive_pool", {}, {{9, 5, 3}, {9, 5, 3}}, {}, 3e-3F);
  expect_slopes("attentive_pool", {}, {{3, 5, 3}, {3, 5, 3}}, {5, 3, 2}, 3e-3F);
  expect_adding("attentive_pool", {}, {{3, 5, 3}, {3, 5, 3}}, {5, 3, 2});
}

TEST(AttentivePool, WithEqualLogitsIsStatsPool) {
  const std::vector<Shape> shapes{{2, 6, 3}, {2, 6, 3}};
  const auto attentive = make_layer("attentive_pool", {}, shapes);
  const auto plain = make_layer("stats_pool", {}, std::vector{shapes[0]});
  Rig a(*attentive, shapes, {6, 4}), b(*plain, {shapes[0]}, {6, 4});
  std::ranges::fill(a.in[1].value, 80.0F);
  a.loss();
  b.loss();
  for (std::size_t i = 0; i < a.out.value.size(); ++i)
    EXPECT_NEAR(a.out.value[i], b.out.value[i], 1e-5);
}

TEST(EveryLayer, AddsWhereAnotherOpWroteFirst) {
  expect_adding(*noisy_conv({.in = 3, .out = 4, .kernel = 3}), {{9, 5, 3}});
  expect_adding(*noisy_conv({.in = 3, .out = 4, .kernel = 3, .reflect = true}), {{9, 5, 3}});
  expect_adding("stats_pool", {}, {{3, 5, 2}}, {5, 3, 2});
  expect_adding("l2_normalize", {}, {{3, 1, 4}});
  expect_adding("relu", {}, {{9, 3, 2}});
}

TEST(Relu, GradientsAreTheSlopes) { expect_slopes("relu", {}, {{9, 3, 4}}, {}, 1e-4F); }

TEST(LeakyRelu, LeaksAHundredthAndItsGradientsAreTheSlopes) {
  expect_slopes("leaky_relu", {}, {{9, 3, 4}}, {}, 1e-4F);
  const auto leaky = make_layer("leaky_relu", {}, std::vector{Shape{1, 1, 2}});
  Rig rig(*leaky, {{1, 1, 2}});
  rig.in[0].value = {-3.0F, 3.0F};
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[0], -0.03F);
  EXPECT_FLOAT_EQ(rig.out.value[1], 3.0F);
}

TEST(StatsPool, UnbiasedDividesByOneFrameLess) {
  const Values options{{"min_variance", 1e-12}, {"unbiased", true}};
  expect_slopes("stats_pool", options, {{3, 7, 4}}, {7, 5, 2});
  const auto pool = make_layer("stats_pool", options, std::vector{Shape{1, 3, 1}});
  Rig rig(*pool, {{1, 3, 1}});
  rig.in[0].value = {1.0F, 2.0F, 6.0F};
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[1], std::sqrt(7.0F));
  Rig one(*pool, {{1, 1, 1}});
  one.loss();
  EXPECT_FLOAT_EQ(one.out.value[1], 1e-6F);
}

TEST(ContextConv, UnbiasedGradientsAreTheSlopes) {
  expect_slopes("context_conv", {{"out", 3}, {"min_variance", 1e-7}, {"unbiased", true}},
                {{3, 5, 4}}, {5, 3, 2}, 3e-3F);
}

TEST(StatsPool, GradientsAreTheSlopes) {
  expect_slopes("stats_pool", {}, {{3, 7, 4}}, {7, 5, 2});
  expect_slopes("stats_pool", {}, {{9, 3, 2}});
}

TEST(StatsPool, OfOneFrameHasTheSmallestDeviationAndNoGradientThroughIt) {
  const auto pool = make_layer("stats_pool", {}, std::vector{Shape{1, 1, 3}});
  Rig rig(*pool, {{1, 1, 3}});
  rig.backward();
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(rig.out.value[c], rig.in[0].value[c]);
    EXPECT_FLOAT_EQ(rig.out.value[3 + c], std::sqrt(1e-5F));
    EXPECT_FLOAT_EQ(rig.in[0].gradient[c], rig.loss_weights[c]);
  }
}

TEST(L2Normalize, GradientsAreTheSlopes) {
  expect_slopes("l2_normalize", {}, {{10, 1, 5}});
  expect_slopes("l2_normalize", {}, {{2, 3, 4}});
}

TEST(L2Normalize, OfAZeroVectorIsZeroAndFinite) {
  const auto sphere = make_layer("l2_normalize", {}, std::vector{Shape{1, 1, 4}});
  Rig rig(*sphere, {{1, 1, 4}});
  std::ranges::fill(rig.in[0].value, 0.0F);
  rig.backward();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rig.out.value[i], 0.0F);
    EXPECT_TRUE(std::isfinite(rig.in[0].gradient[i]));
  }
}

}  // namespace
}  // namespace twinear::nn
