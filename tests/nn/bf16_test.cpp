// SPDX-License-Identifier: Apache-2.0
// Convolutions and what is stored between them in bfloat16; f32 of the same is the reference.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "base/threads.h"
#include "linalg/gemm.h"
#include "linalg/onednn_info.h"
#include "nn/conv1d.h"
#include "nn/conv2d.h"
#include "nn/execution.h"
#include "nn/onednn_conv1d.h"
#include "nn/rig.h"

namespace twinear::nn {
namespace {

constexpr float rounding = 1.0F / 256;  // relative, of one number

float rounded(float x) {
  BFloat16 narrow;
  store(x, narrow);
  return load(narrow);
}

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<EncoderSpec> encoders() {
  return {EncoderSpec::compact({}), EncoderSpec::xvector({}), EncoderSpec::ecapa({}),
          EncoderSpec::residual({}), EncoderSpec::campplus({})};
}

class Bf16 : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_bf16()) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  }
};

TEST_F(Bf16, ProductsOfRowsAreThoseOfWhatIsRounded) {
  constexpr std::int64_t m = 5, n = 33, k = 70, stride = 40;
  std::vector<std::uint16_t> a(m * k), b(n * k);
  Random random(5, Purpose::test);
  for (auto* numbers : {&a, &b})
    for (auto& x : *numbers) {
      BFloat16 narrow;
      store(static_cast<float>(random.normal()), narrow);
      x = narrow.bits;
    }
  std::vector<float> c(m * stride, -7.0F);
  multiply_rows({a.data(), m, k, k}, {b.data(), n, k, k}, {c.data(), m, n, stride});
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < stride; ++j) {
      double sum = j < n ? 0 : -7;  // what lies between the rows stays
      for (std::int64_t l = 0; j < n && l < k; ++l)
        sum += static_cast<double>(load(BFloat16{a[static_cast<std::size_t>(i * k + l)]})) *
               load(BFloat16{b[static_cast<std::size_t>(j * k + l)]});
      EXPECT_NEAR(c[static_cast<std::size_t>(i * stride + j)], sum, 1e-4);  // sums in floats
    }
  EXPECT_THROW(
      multiply_rows({a.data(), m, k, k}, {b.data(), n, k - 1, k}, {c.data(), m, n, stride}),
      std::invalid_argument);
}

TEST(BFloat16, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(rounded(1.0F), 1.0F);
  EXPECT_EQ(rounded(-0.0F), 0.0F);
  EXPECT_TRUE(std::signbit(rounded(-0.0F)));
  EXPECT_EQ(rounded(1.0F + 1.0F / 256), 1.0F);              // between 1 and 1 + 1/128
  EXPECT_EQ(rounded(1.0F + 3.0F / 256), 1.0F + 1.0F / 64);  // the even one
  EXPECT_EQ(rounded(1.0F + 1.1F / 256), 1.0F + 1.0F / 128);
  EXPECT_EQ(rounded(INFINITY), INFINITY);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), INFINITY);
  EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(rounded(-std::numeric_limits<float>::quiet_NaN())));
}

/// A convolution of a part in one kind of numbers: y, dx and dw as floats.
struct Convolved {
  Buffer y, dx, dw;
};

template <class T>
Convolved convolve(const Conv1dOptions& o, Number number, const Buffer& x, const Buffer& w,
                   const Buffer& b, const Buffer& dy, std::size_t frames, std::size_t frames_out) {
  const WorkerScope worker;
  constexpr std::size_t clips = 3;
  OnednnConv1d convolution({.sizes = o,
                            .clips = clips,
                            .frames_in = frames,
                            .frames_out = frames_out,
                            .padding = o.margin(),
                            .operands = number,
                            .input_gradient = number,
                            .backward_data = true,
                            .backward_weights = true});
  for (const std::string& name : convolution.implementations())
    EXPECT_EQ(name.find("ref"), std::string::npos) << name;
  const auto narrow = [](const Buffer& from) {
    Aligned<T> to(from.size());
    for (std::size_t i = 0; i < to.size(); ++i) store(from[i], to[i]);
    return to;
  };
  const auto wide = [](const Aligned<T>& from) {
    Buffer to(from.size());
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = load(from[i]);
    return to;
  };
  PackedWeights packed;
  const auto plain = plain_weights(o, o.in * o.kernel);
  convolution.set_weights(packed, view(plain, w.data()), 1);
  const Aligned<T> xs = narrow(x), dys = narrow(dy);
  Aligned<T> ys(dy.size()), dxs(x.size());
  Buffer dw(convolution.weight_gradient().get_size() / sizeof(float)), db(b.size());
  convolution.forward(xs.data(), ys.data(), b.data());
  convolution.backward_data(dys.data(), dxs.data());
  convolution.backward_weights(xs.data(), dys.data(), dw.data(), db.data());
  Buffer dw_plain(w.size());
  reorder(view(convolution.weight_gradient(), dw.data()), view(plain, dw_plain.data()));
  dw_plain.insert(dw_plain.end(), db.begin(), db.end());
  return {wide(ys), wide(dxs), dw_plain};
}

TEST_F(Bf16, ConvolutionsAreThoseOfF32UpToRounding) {
  const std::pair<Conv1dOptions, std::size_t> cases[] = {
      {{.in = 80, .out = 128, .kernel = 5}, 40},
      {{.in = 32, .out = 48, .kernel = 3, .stride = 2}, 41},
      {{.in = 64, .out = 64, .kernel = 3, .dilation = 3}, 40},
      {{.in = 96, .out = 80, .kernel = 1}, 40},
      {{.in = 20, .out = 7, .kernel = 3}, 9},
      {{.in = 17, .out = 9, .kernel = 1}, 5}};
  for (const auto& [o, frames] : cases) {
    SCOPED_TRACE(testing::Message() << o.in << " to " << o.out << ", kernel " << o.kernel);
    const std::size_t frames_out = (frames - 1) / o.stride + 1;
    Buffer x(3 * frames * o.in);
    Buffer dy(3 * frames_out * o.out);
    Buffer w(o.out * o.in * o.kernel);
    Buffer b(o.out);
    fill_noise(x, 1);
    fill_noise(dy, 2);
    fill_noise(w, 3, 0.3);
    fill_noise(b, 4);
    // Products of rounded operands are exact in f32, so only results and the weights round.
    for (Buffer* buffer : {&x, &dy, &w})
      for (float& v : *buffer) v = rounded(v);
    const auto expect_close = [](const Buffer& found, const Buffer& expected, float tolerance) {
      ASSERT_EQ(found.size(), expected.size());
      float largest = 0;
      for (const float v : expected) largest = std::max(largest, std::abs(v));
      for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_NEAR(found[i], expected[i], tolerance * std::abs(expected[i]) + 1e-5F * largest);
    };
    const auto narrow = convolve<BFloat16>(o, Number::bf16, x, w, b, dy, frames, frames_out);
    const auto full = convolve<float>(o, Number::f32, x, w, b, dy, frames, frames_out);
    expect_close(narrow.y, full.y, rounding);
    expect_close(narrow.dx, full.dx, rounding);
    expect_close(narrow.dw, full.dw, 1e-5F);  // stays a float
  }
}

/// Expects the same of a convolution over frames and bands; how many primitives it has.
std::size_t expect_no_reference(const Conv2d& conv, const Node& node,
                                const std::vector<Shape>& shapes, Number operands) {
  const bool first = node.inputs[0] == 0;
  const OnednnConv2d convolution({.sizes = conv.options(),
                                  .clips = micro_batch_clips,
                                  .frames_in = shapes[node.inputs[0]].frames,
                                  .before = conv.options().margin(),
                                  .behind = conv.options().margin(),
                                  .operands = operands,
                                  .input_gradient = operands,
                                  .backward_data = !first,
                                  .backward_weights = true});
  const auto names = convolution.implementations();
  for (const std::string& name : names) EXPECT_EQ(name.find("ref"), std::string::npos) << node.name;
  return names.size();
}

TEST_F(Bf16, NoConvolutionOfAnEncoderFallsBackToAReferenceLoop) {
  const WorkerScope worker;
  std::size_t seen = 0;
  for (const EncoderSpec& spec : encoders()) {
    Network network(spec, 0);
    for (const Number of_frames : {Number::f32, Number::bf16}) {
      const auto shapes = network.shapes({micro_batch_clips, 200, network.bins()});
      const auto numbers = network.numbers(of_frames);
      for (std::size_t i = 0; i < network.nodes().size(); ++i) {
        const Node& node = network.nodes()[i];
        const auto* conv = dynamic_cast<const Conv1d*>(node.layer.get());
        if (const auto* maps = dynamic_cast<const Conv2d*>(node.layer.get())) {
          seen += expect_no_reference(*maps, node, shapes, numbers[i + 1]);
          continue;
        }
        if (conv == nullptr) continue;
        const Conv1dOptions& o = conv->options();
        const bool first = node.inputs[0] == 0;
        const OnednnConv1d convolution(
            {.sizes = o,
             .clips = micro_batch_clips,
             .frames_in = shapes[node.inputs[0]].frames + (o.reflect ? 2 * o.margin() : 0),
             .frames_out = shapes[i + 1].frames,
             .padding = o.reflect ? 0 : o.margin(),
             .operands = numbers[i + 1],
             .input_gradient = numbers[node.inputs[0]],
             .backward_data = !first,
             .backward_weights = true});
        for (const std::string& name : convolution.implementations()) {
          EXPECT_EQ(name.find("ref"), std::string::npos) << spec.kind << ", " << node.name;
          ++seen;
        }
      }
    }
  }
  EXPECT_GT(seen, 200U);
}

/// Four speakers, four clips each: a tone of bands that moves, and noise.
void fill_speech(Activation& input) {
  fill_noise(input.value, 5, 0.3);
  for (std::size_t i = 0; i < input.shape.clips; ++i)
    for (std::size_t t = 0; t < input.shape.frames; ++t)
      for (std::size_t c = 0; c < input.shape.channels; ++c) {
        const auto speaker = static_cast<float>(1 + i % 4);
        input.clip(i)[t * input.shape.channels + c] +=
            std::sin(0.11F * speaker * static_cast<float>(c) + 0.07F * static_cast<float>(t + i));
      }
}

struct Trained {
  Buffer embeddings, gradient;  // of all parameters
};

Trained train_step(const EncoderSpec& spec, Number numbers, std::size_t clips,
                   bool rounded_weights = false) {
  Network network(spec, 3);
  if (rounded_weights)
    for (const auto& [key, parameter] : network.parameters())
      for (float& v : parameter->value) v = rounded(v);
  Execution pass(network, {clips, 60, network.bins()}, Mode::training, {.numbers = numbers});
  fill_speech(pass.input());
  pass.forward();
  // Towards the others of the same speaker, away from everyone.
  const auto width = pass.output().shape.channels;
  for (std::size_t i = 0; i < clips; ++i)
    for (std::size_t j = 0; j < clips; ++j)
      for (std::size_t c = 0; c < width; ++c)
        pass.output().clip_gradient(i)[c] +=
            pass.output().clip(j)[c] * (i % 4 == j % 4 ? -3.0F : 1.0F);
  pass.backward();
  Trained trained{pass.output().value, {}};
  for (const auto& [key, parameter] : network.parameters())
    trained.gradient.insert(trained.gradient.end(), parameter->gradient.begin(),
                            parameter->gradient.end());
  return trained;
}

TEST_F(Bf16, GradientsPointWhereThoseOfF32Do) {
  for (const EncoderSpec& spec :
       {EncoderSpec::compact({}), EncoderSpec::xvector({.channels = 128, .pooled = 300}),
        EncoderSpec::ecapa({.channels = 128, .aggregated = 384}),
        EncoderSpec::residual({.channels = {64, 128}})}) {
    const Trained full = train_step(spec, Number::f32, 16);
    const Trained narrow = train_step(spec, Number::bf16, 16);
    EXPECT_GT(cosine_of(narrow.embeddings, full.embeddings), 0.999) << spec.kind;
    EXPECT_GT(cosine_of(narrow.gradient, full.gradient), 0.99) << spec.kind;
    EXPECT_NE(narrow.gradient, full.gradient) << spec.kind;
  }
}

TEST_F(Bf16, OfADeepEncoderErrsLikeF32WithRoundedWeights) {
  const EncoderSpec spec = EncoderSpec::campplus({.maps = 16, .layers = {4, 6, 4}});
  const Trained full = train_step(spec, Number::f32, 16);
  const Trained narrow = train_step(spec, Number::bf16, 16);
  const Trained near = train_step(spec, Number::f32, 16, true);
  const auto error = [](const Buffer& a, const Buffer& b) { return 1 - cosine_of(a, b); };
  EXPECT_LT(error(narrow.embeddings, full.embeddings), 6 * error(near.embeddings, full.embeddings));
  EXPECT_LT(error(narrow.gradient, full.gradient), 3 * error(near.gradient, full.gradient));
  EXPECT_NE(narrow.gradient, full.gradient);
}

TEST_F(Bf16, GivesTheSameBitsAtAnyNumberOfThreads) {
  for (const EncoderSpec& spec : {EncoderSpec::compact({.input_norm = true}),
                                  EncoderSpec::ecapa({.channels = 64, .aggregated = 96})}) {
    const auto run = [&](int threads) {
      const ThreadLimit limit(threads);
      return train_step(spec, Number::bf16, 27);
    };
    const Trained one = run(1), three = run(3);
    EXPECT_EQ(one.embeddings, three.embeddings) << spec.kind;
    EXPECT_EQ(one.gradient, three.gradient) << spec.kind;
  }
}

TEST_F(Bf16, HalvesTheMemoryOfATrainingOp) {
  Network network(EncoderSpec::ecapa({.channels = 64, .aggregated = 96}), 0);
  const Shape input{16, 100, 80};
  const Execution full(network, input, Mode::training),
      narrow(network, input, Mode::training, {.numbers = Number::bf16});
  EXPECT_LT(static_cast<double>(narrow.bytes()), 0.6 * static_cast<double>(full.bytes()));
}

}  // namespace
}  // namespace twinear::nn
