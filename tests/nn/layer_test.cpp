// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gradient_check.h"
#include "nn/batch_norm.h"
#include "nn/conv1d.h"
#include "nn/l2_normalize.h"
#include "nn/relu.h"
#include "nn/rig.h"
#include "nn/stats_pool.h"

namespace twinear::nn {
namespace {

/// Every gradient of the layer is the slope of its loss, and padding has none.
void expect_slopes(Layer& layer, Shape shape, std::vector<std::int64_t> lengths = {},
                   float step = 1e-2F) {
  Rig rig(layer, shape, std::move(lengths));
  rig.backward();
  const Buffer gradient = rig.in.gradient;
  Buffer masked = gradient;
  Rig::clear_padding(rig.in, masked);
  EXPECT_EQ(masked, gradient) << "padding has a gradient";
  for (std::int64_t i = 0; i < shape.clips; ++i) {
    const auto valid =
        static_cast<std::size_t>(rig.in.lengths[static_cast<std::size_t>(i)] * shape.channels);
    expect_slope(
        {rig.in.clip(i), valid}, {gradient.data() + i * shape.clip_size(), valid},
        [&] { return rig.loss(); }, step);
  }
  for (auto& p : layer.parameters()) {
    if (!p.learned()) continue;
    const Buffer of_parameter = p.gradient;
    SCOPED_TRACE(p.name);
    expect_slope(
        p.value, of_parameter, [&] { return rig.loss(); }, step);
  }
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
  };
}

TEST(Conv1d, GradientsAreTheSlopes) {
  for (const auto& c : conv_cases()) {
    SCOPED_TRACE(testing::Message() << "kernel " << c.options.kernel << " stride "
                                    << c.options.stride << " dilation " << c.options.dilation
                                    << " clips " << c.shape.clips << " frames " << c.shape.frames);
    Conv1d conv = noisy_conv(c.options);
    expect_slopes(conv, c.shape, c.lengths);
  }
}

TEST(Conv1d, IsTheSumThatItsHeaderPromises) {
  for (const auto& c : conv_cases()) {
    Conv1d conv = noisy_conv(c.options);
    Rig rig(conv, c.shape, c.lengths, Mode::inference);
    rig.loss();
    const auto& o = c.options;
    const auto& weight = conv.parameters()[0].value;
    for (std::int64_t clip = 0; clip < c.shape.clips; ++clip)
      for (std::int64_t t = 0; t < rig.out.shape.frames; ++t)
        for (std::int64_t y = 0; y < o.out; ++y) {
          double sum = o.bias ? conv.parameters()[1].value[static_cast<std::size_t>(y)] : 0.0F;
          for (std::int64_t k = 0; k < o.kernel; ++k) {
            const std::int64_t from = o.stride * t + o.dilation * (k - (o.kernel - 1) / 2);
            if (from < 0 || from >= c.shape.frames) continue;
            for (std::int64_t x = 0; x < o.in; ++x)
              sum += weight[static_cast<std::size_t>((y * o.in + x) * o.kernel + k)] *
                     static_cast<double>(rig.in.clip(clip)[from * o.in + x]);
          }
          if (t >= rig.out.lengths[static_cast<std::size_t>(clip)]) sum = 0;
          EXPECT_NEAR(rig.out.clip(clip)[t * o.out + y], sum, 1e-5);
        }
  }
}

TEST(Linear, GradientsAreTheSlopes) {
  Conv1d linear = noisy_conv({.in = 6, .out = 5}, true);
  EXPECT_EQ(linear.parameters()[0].shape, (std::vector<std::int64_t>{5, 6}));
  expect_slopes(linear, {11, 1, 6});
  Conv1d one = noisy_conv({.in = 6, .out = 5, .bias = false}, true);
  expect_slopes(one, {1, 1, 6});
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
      expect_slopes(norm, {3, 5, 3}, {5, 3, 1}, 1e-3F);
      expect_slopes(norm, {10, 1, 3}, {}, 1e-3F);  // a pooled vector
      expect_slopes(norm, {1, 9, 3}, {}, 1e-3F);
    }
}

TEST(BatchNorm, MakesEachChannelOfTheValidFramesStandard) {
  BatchNorm norm({.channels = 2});
  Rig rig(norm, {3, 6, 2}, {6, 2, 3});
  for (float& v : rig.in.value) v = v == 0 ? 0 : 5 + 3 * v;
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
  Rig rig(norm, {2, 2, 1});
  rig.in.value = {1, 2, 3, 6};  // mean 3, unbiased variance 14/3
  rig.loss();
  EXPECT_FLOAT_EQ(norm.mean().value[0], 0.3F);
  EXPECT_FLOAT_EQ(norm.variance().value[0], 0.9F + 0.1F * 14 / 3);
}

TEST(BatchNorm, OfASingleFrameIsFinite) {
  BatchNorm norm({.channels = 2, .relu = true});
  Rig rig(norm, {1, 1, 2});
  rig.backward();
  for (const float v : rig.in.gradient) EXPECT_EQ(v, 0.0F);
  for (const auto& p : norm.parameters())
    for (const float v : p.value) EXPECT_TRUE(std::isfinite(v));
}

TEST(Relu, GradientsAreTheSlopes) {
  Relu relu;
  expect_slopes(relu, {9, 3, 4}, {}, 1e-4F);
}

TEST(StatsPool, GradientsAreTheSlopes) {
  StatsPool pool;
  expect_slopes(pool, {3, 7, 4}, {7, 5, 2});
  expect_slopes(pool, {9, 3, 2});
}

TEST(StatsPool, OfOneFrameHasTheLeastDeviationAndNoGradientThroughIt) {
  StatsPool pool;
  Rig rig(pool, {1, 1, 3});
  rig.backward();
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(rig.out.value[c], rig.in.value[c]);
    EXPECT_FLOAT_EQ(rig.out.value[3 + c], std::sqrt(1e-5F));
    EXPECT_FLOAT_EQ(rig.in.gradient[c], rig.loss_weights[c]);
  }
}

TEST(L2Normalize, GradientsAreTheSlopes) {
  L2Normalize sphere;
  expect_slopes(sphere, {10, 1, 5});
  expect_slopes(sphere, {2, 3, 4});
}

TEST(L2Normalize, OfAZeroVectorIsZeroAndFinite) {
  L2Normalize sphere;
  Rig rig(sphere, {1, 1, 4});
  std::ranges::fill(rig.in.value, 0.0F);
  rig.backward();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rig.out.value[i], 0.0F);
    EXPECT_TRUE(std::isfinite(rig.in.gradient[i]));
  }
}

}  // namespace
}  // namespace twinear::nn
