// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gradient_check.h"
#include "nn/attentive_pool.h"
#include "nn/batch_norm.h"
#include "nn/channels.h"
#include "nn/context_conv.h"
#include "nn/conv1d.h"
#include "nn/elementwise.h"
#include "nn/l2_normalize.h"
#include "nn/rig.h"
#include "nn/squeeze_excite.h"
#include "nn/stats_pool.h"

namespace twinear::nn {
namespace {

/// Every gradient of the layer is the slope of its loss, and padding has none.
void expect_slopes(Layer& layer, const std::vector<Shape>& shapes,
                   const std::vector<std::int64_t>& lengths = {}, float step = 1e-2F) {
  Rig rig(layer, shapes, lengths);
  rig.backward();
  for (Activation& in : rig.in) {
    const Buffer gradient = in.gradient;
    Buffer masked = gradient;
    Rig::clear_padding(in, masked);
    EXPECT_EQ(masked, gradient) << "padding has a gradient";
    for (std::int64_t i = 0; i < in.shape.clips; ++i) {
      const auto valid = static_cast<std::size_t>(in.length(i) * in.shape.channels);
      expect_slope(
          {in.clip(i), valid}, {gradient.data() + i * in.shape.clip_size(), valid},
          [&] { return rig.loss(); }, step);
    }
  }
  for (auto& p : layer.parameters()) {
    if (!p.learned()) continue;
    const Buffer of_parameter = p.gradient;
    SCOPED_TRACE(p.name);
    expect_slope(
        p.value, of_parameter, [&] { return rig.loss(); }, step);
  }
}

/// A step that adds to its inputs' gradients gives what was there and what it would have written.
void expect_adding(Layer& layer, const std::vector<Shape>& shapes,
                   const std::vector<std::int64_t>& lengths = {}) {
  Rig rig(layer, shapes, lengths);
  rig.backward();
  std::vector<Buffer> alone;
  std::vector<Input> edges;
  for (Activation& in : rig.in) {
    alone.push_back(in.gradient);
    std::ranges::fill(in.gradient, 3.0F);
    edges.push_back({&in, true});
  }
  rig.op = layer.prepare(edges, rig.out, Mode::training);
  rig.backward();
  for (std::size_t i = 0; i < rig.in.size(); ++i)
    for (std::size_t k = 0; k < alone[i].size(); ++k)
      EXPECT_NEAR(rig.in[i].gradient[k], 3.0F + alone[i][k], 1e-5) << layer.kind();
}

Conv1d noisy_conv(const Conv1dOptions& options, bool linear = false) {
  Conv1d conv(options, linear);
  for (std::size_t i = 0; i < conv.parameters().size(); ++i)
    fill_noise(conv.parameters()[i].value, static_cast<std::uint32_t>(10 + i), 0.3);
  return conv;
}

struct ConvCase {
  Conv1dOptions options;
  Shape shape;
  std::vector<std::int64_t> lengths;
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
    Conv1d conv = noisy_conv(c.options);
    expect_slopes(conv, {c.shape}, c.lengths);
  }
}

TEST(Conv1d, IsTheSumThatItsHeaderPromises) {
  for (const auto& c : conv_cases()) {
    Conv1d conv = noisy_conv(c.options);
    Rig rig(conv, {c.shape}, c.lengths, Mode::inference);
    rig.loss();
    const auto& o = c.options;
    const auto& weight = conv.parameters()[0].value;
    for (std::int64_t clip = 0; clip < c.shape.clips; ++clip)
      for (std::int64_t t = 0; t < rig.out.shape.frames; ++t)
        for (std::int64_t y = 0; y < o.out; ++y) {
          double sum = o.bias ? conv.parameters()[1].value[static_cast<std::size_t>(y)] : 0.0F;
          for (std::int64_t k = 0; k < o.kernel; ++k) {
            std::int64_t from = o.stride * t + o.dilation * (k - (o.kernel - 1) / 2);
            const std::int64_t length = rig.in[0].length(clip);
            if (o.reflect && length > 1)
              while (from < 0 || from >= length) from = from < 0 ? -from : 2 * (length - 1) - from;
            else if (o.reflect)
              from = 0;
            if (from < 0 || from >= c.shape.frames) continue;
            for (std::int64_t x = 0; x < o.in; ++x)
              sum += weight[static_cast<std::size_t>((y * o.in + x) * o.kernel + k)] *
                     static_cast<double>(rig.in[0].clip(clip)[from * o.in + x]);
          }
          if (t >= rig.out.lengths[static_cast<std::size_t>(clip)]) sum = 0;
          EXPECT_NEAR(rig.out.clip(clip)[t * o.out + y], sum, 1e-5);
        }
  }
}

TEST(Linear, GradientsAreTheSlopes) {
  Conv1d linear = noisy_conv({.in = 6, .out = 5}, true);
  EXPECT_EQ(linear.parameters()[0].shape, (std::vector<std::int64_t>{5, 6}));
  expect_slopes(linear, {{11, 1, 6}});
  Conv1d one = noisy_conv({.in = 6, .out = 5, .bias = false}, true);
  expect_slopes(one, {{1, 1, 6}});
}

TEST(BatchNorm, GradientsAreTheSlopes) {
  for (const bool affine : {false, true})
    for (const bool relu : {false, true}) {
      SCOPED_TRACE(testing::Message() << "affine " << affine << " relu " << relu);
      BatchNorm norm({.channels = 3, .affine = affine, .relu = relu});
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
  BatchNorm norm({.channels = 2});
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
  BatchNorm norm({.channels = 1});
  Rig rig(norm, {{2, 2, 1}});
  rig.in[0].value = {1, 2, 3, 6};  // mean 3, unbiased variance 14/3
  rig.loss();
  EXPECT_FLOAT_EQ(norm.mean().value[0], 0.3F);
  EXPECT_FLOAT_EQ(norm.variance().value[0], 0.9F + 0.1F * 14 / 3);
}

TEST(BatchNorm, OfASingleFrameIsFinite) {
  BatchNorm norm({.channels = 2, .relu = true});
  Rig rig(norm, {{1, 1, 2}});
  rig.backward();
  for (const float v : rig.in[0].gradient) EXPECT_EQ(v, 0.0F);
  for (const auto& p : norm.parameters())
    for (const float v : p.value) EXPECT_TRUE(std::isfinite(v));
}

TEST(BatchNorm, WithTheReluFirstNormalizesWhatTheReluLeaves) {
  BatchNorm norm({.channels = 3, .relu_first = true});
  fill_noise(norm.scale().value, 3);
  fill_noise(norm.shift().value, 4);
  expect_slopes(norm, {{3, 6, 3}}, {6, 3, 2}, 1e-3F);
  expect_adding(norm, {{3, 6, 3}}, {6, 3, 2});
}

TEST(Tanh, IsTheStandardLibrarysAndItsGradientsAreTheSlopes) {
  Elementwise tanh(Elementwise::Kind::tanh);
  expect_slopes(tanh, {{9, 3, 4}});
  Rig rig(tanh, {{1, 1, 200}});
  for (int i = 0; i < 200; ++i)
    rig.in[0].value[static_cast<std::size_t>(i)] = static_cast<float>(i - 100) * 0.2F;
  rig.loss();
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_NEAR(rig.out.value[i], std::tanh(rig.in[0].value[i]), 3e-7);
}

TEST(Slice, TakesItsChannelsAndAddsTheOtherInput) {
  Slice slice(1, 2);
  Rig rig(slice, {{1, 1, 4}, {1, 1, 2}});
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[0], rig.in[0].value[1] + rig.in[1].value[0]);
  EXPECT_FLOAT_EQ(rig.out.value[1], rig.in[0].value[2] + rig.in[1].value[1]);
  expect_slopes(slice, {{9, 3, 4}, {9, 3, 2}});
  expect_slopes(slice, {{2, 3, 4}}, {3, 1});
  expect_adding(slice, {{9, 3, 4}, {9, 3, 2}});
}

TEST(Concat, PutsChannelsSideBySide) {
  Concat concat;
  Rig rig(concat, {{1, 2, 2}, {1, 2, 1}});
  rig.loss();
  EXPECT_EQ(rig.out.value[2], rig.in[1].value[0]);
  EXPECT_EQ(rig.out.value[3], rig.in[0].value[2]);
  expect_slopes(concat, {{9, 3, 4}, {9, 3, 2}, {9, 3, 1}});
  expect_adding(concat, {{9, 3, 4}, {9, 3, 2}});
}

TEST(Add, SumsItsInputs) {
  Add add;
  expect_slopes(add, {{9, 3, 4}, {9, 3, 4}});
  expect_adding(add, {{9, 3, 4}, {9, 3, 4}});
}

void draw(Layer& layer) {
  std::uint32_t stream = 40;
  for (auto& p : layer.parameters()) fill_noise(p.value, stream++, 0.5);
}

TEST(SqueezeExcite, GradientsAreTheSlopes) {
  SqueezeExcite se(5, 3);
  draw(se);
  expect_slopes(se, {{9, 4, 5}, {9, 4, 5}}, {}, 3e-3F);
  expect_slopes(se, {{3, 4, 5}}, {4, 2, 1}, 3e-3F);
  expect_adding(se, {{3, 4, 5}, {3, 4, 5}}, {4, 2, 1});
}

TEST(ContextConv, GradientsAreTheSlopes) {
  ContextConv conv(4, 3);
  draw(conv);
  expect_slopes(conv, {{9, 5, 4}}, {}, 3e-3F);
  expect_slopes(conv, {{3, 5, 4}}, {5, 3, 2}, 3e-3F);
  expect_adding(conv, {{3, 5, 4}}, {5, 3, 2});
}

TEST(ContextConv, IsALinearMapOfFrameMeanAndDeviation) {
  ContextConv conv(2, 3);
  draw(conv);
  Rig rig(conv, {{2, 4, 2}}, {4, 3});
  rig.loss();
  for (std::int64_t i = 0; i < 2; ++i) {
    double context[6] = {};
    const auto n = static_cast<double>(rig.in[0].length(i));
    for (std::int64_t t = 0; t < rig.in[0].length(i); ++t)
      for (int c = 0; c < 2; ++c) context[2 + c] += rig.in[0].clip(i)[2 * t + c] / n;
    for (std::int64_t t = 0; t < rig.in[0].length(i); ++t)
      for (int c = 0; c < 2; ++c)
        context[4 + c] += std::pow(rig.in[0].clip(i)[2 * t + c] - context[2 + c], 2) / n;
    for (int c = 0; c < 2; ++c) context[4 + c] = std::sqrt(context[4 + c]);
    for (std::int64_t t = 0; t < rig.in[0].length(i); ++t)
      for (int y = 0; y < 3; ++y) {
        double sum = conv.parameters()[1].value[static_cast<std::size_t>(y)];
        for (int c = 0; c < 2; ++c) context[c] = rig.in[0].clip(i)[2 * t + c];
        for (int c = 0; c < 6; ++c)
          sum += conv.parameters()[0].value[static_cast<std::size_t>(6 * y + c)] * context[c];
        EXPECT_NEAR(rig.out.clip(i)[3 * t + y], sum, 1e-5);
      }
  }
}

TEST(AttentivePool, GradientsAreTheSlopes) {
  AttentivePool pool;
  expect_slopes(pool, {{9, 5, 3}, {9, 5, 3}}, {}, 3e-3F);
  expect_slopes(pool, {{3, 5, 3}, {3, 5, 3}}, {5, 3, 2}, 3e-3F);
  expect_adding(pool, {{3, 5, 3}, {3, 5, 3}}, {5, 3, 2});
}

TEST(AttentivePool, WithEqualLogitsIsStatsPool) {
  AttentivePool attentive;
  StatsPool plain;
  Rig a(attentive, {{2, 6, 3}, {2, 6, 3}}, {6, 4}), b(plain, {{2, 6, 3}}, {6, 4});
  std::ranges::fill(a.in[1].value, 80.0F);
  a.loss();
  b.loss();
  for (std::size_t i = 0; i < a.out.value.size(); ++i)
    EXPECT_NEAR(a.out.value[i], b.out.value[i], 1e-5);
}

TEST(EveryLayer, AddsWhereAnotherStepWroteFirst) {
  Conv1d conv = noisy_conv({.in = 3, .out = 4, .kernel = 3});
  expect_adding(conv, {{9, 5, 3}});
  Conv1d mirrored = noisy_conv({.in = 3, .out = 4, .kernel = 3, .reflect = true});
  expect_adding(mirrored, {{9, 5, 3}});
  StatsPool pool;
  expect_adding(pool, {{3, 5, 2}}, {5, 3, 2});
  L2Normalize sphere;
  expect_adding(sphere, {{3, 1, 4}});
  Elementwise relu(Elementwise::Kind::relu);
  expect_adding(relu, {{9, 3, 2}});
}

TEST(Relu, GradientsAreTheSlopes) {
  Elementwise relu(Elementwise::Kind::relu);
  expect_slopes(relu, {{9, 3, 4}}, {}, 1e-4F);
}

TEST(LeakyRelu, LeaksAHundredthAndItsGradientsAreTheSlopes) {
  Elementwise leaky(Elementwise::Kind::leaky_relu);
  expect_slopes(leaky, {{9, 3, 4}}, {}, 1e-4F);
  Rig rig(leaky, {{1, 1, 2}});
  rig.in[0].value = {-3.0F, 3.0F};
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[0], -0.03F);
  EXPECT_FLOAT_EQ(rig.out.value[1], 3.0F);
}

TEST(StatsPool, UnbiasedDividesByOneFrameLess) {
  StatsPool pool({.min_variance = 1e-12F, .unbiased = true});
  expect_slopes(pool, {{3, 7, 4}}, {7, 5, 2});
  Rig rig(pool, {{1, 3, 1}});
  rig.in[0].value = {1.0F, 2.0F, 6.0F};
  rig.loss();
  EXPECT_FLOAT_EQ(rig.out.value[1], std::sqrt(7.0F));
  Rig one(pool, {{1, 1, 1}});
  one.loss();
  EXPECT_FLOAT_EQ(one.out.value[1], 1e-6F);
}

TEST(ContextConv, UnbiasedGradientsAreTheSlopes) {
  ContextConv conv(4, 3, {.min_variance = 1e-7F, .unbiased = true});
  draw(conv);
  expect_slopes(conv, {{3, 5, 4}}, {5, 3, 2}, 3e-3F);
}

TEST(StatsPool, GradientsAreTheSlopes) {
  StatsPool pool;
  expect_slopes(pool, {{3, 7, 4}}, {7, 5, 2});
  expect_slopes(pool, {{9, 3, 2}});
}

TEST(StatsPool, OfOneFrameHasTheLeastDeviationAndNoGradientThroughIt) {
  StatsPool pool;
  Rig rig(pool, {{1, 1, 3}});
  rig.backward();
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(rig.out.value[c], rig.in[0].value[c]);
    EXPECT_FLOAT_EQ(rig.out.value[3 + c], std::sqrt(1e-5F));
    EXPECT_FLOAT_EQ(rig.in[0].gradient[c], rig.loss_weights[c]);
  }
}

TEST(L2Normalize, GradientsAreTheSlopes) {
  L2Normalize sphere;
  expect_slopes(sphere, {{10, 1, 5}});
  expect_slopes(sphere, {{2, 3, 4}});
}

TEST(L2Normalize, OfAZeroVectorIsZeroAndFinite) {
  L2Normalize sphere;
  Rig rig(sphere, {{1, 1, 4}});
  std::ranges::fill(rig.in[0].value, 0.0F);
  rig.backward();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rig.out.value[i], 0.0F);
    EXPECT_TRUE(std::isfinite(rig.in[0].gradient[i]));
  }
}

}  // namespace
}  // namespace twinear::nn
