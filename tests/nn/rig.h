// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"
#include "gradient_check.h"
#include "twinear/layer.h"

namespace twinear::nn {

inline void fill_noise(std::span<float> values, std::uint32_t stream, double scale = 1.0) {
  Random random(7, Purpose::test, stream);
  for (float& v : values) v = static_cast<float>(scale * random.normal());
}

/// A layer of this kind, its weights noise.
inline std::unique_ptr<Layer> noisy_layer(const std::string& kind, const Values& options,
                                          const std::vector<Shape>& in, double scale = 0.5) {
  auto layer = make_layer(kind, options, in);
  std::uint32_t stream = 40;
  for (auto& p : layer->parameters())
    if (p.learned()) fill_noise(p.value, stream++, scale);
  return layer;
}

/// One layer between activations, and sum(output x random weights) as its loss.
struct Rig {
  Rig(Layer& l, std::vector<Shape> shapes, std::vector<std::size_t> lengths = {},
      Mode mode = Mode::training)
      : layer(l), in(shapes.size()) {
    if (lengths.empty()) lengths.assign(shapes[0].clips, shapes[0].frames);
    for (Parameter& p : layer.parameters()) p.want_gradient();
    std::vector<Input> edges;
    for (std::size_t i = 0; i < in.size(); ++i) {
      make(in[i], shapes[i], lengths);
      fill_noise(in[i].value, static_cast<std::uint32_t>(20 + i));
      clear_padding(in[i], in[i].value);
      edges.push_back({&in[i], false});
    }
    for (auto& n : lengths) n = layer.output_length(n);
    make(out, layer.output(shapes), lengths);
    loss_weights.resize(out.value.size());
    fill_noise(loss_weights, 2);
    clear_padding(out, loss_weights);
    op = layer.prepare(edges, out, mode);
    for (std::size_t at = 0; at < shapes[0].clips; at += micro_batch_clips)
      parts.push_back({parts.size(), at, std::min(micro_batch_clips, shapes[0].clips - at)});
  }

  static void make(Activation& flow, const Shape& shape, const std::vector<std::size_t>& lengths) {
    flow.shape = shape;
    flow.value.resize(shape.size());
    flow.gradient.resize(flow.value.size());
    flow.lengths = lengths;
  }

  static void clear_padding(const Activation& flow, Buffer& values) {
    for (std::size_t i = 0; i < flow.shape.clips; ++i)
      std::fill(values.data() + i * flow.shape.clip_size() + flow.lengths[i] * flow.shape.channels,
                values.data() + (i + 1) * flow.shape.clip_size(), 0.0F);
  }

  double loss() {
    ++layer.version;  // the caller may have changed a weight
    op->begin();
    if (op->needs_batch()) {
      for (const auto& part : parts) op->collect(part);
      op->reduce();
    }
    for (const auto& part : parts) op->forward(part);
    double sum = 0;
    for (std::size_t i = 0; i < out.value.size(); ++i)
      sum += static_cast<double>(out.value[i]) * loss_weights[i];
    return sum;
  }

  void backward() {
    for (auto& p : layer.parameters()) std::ranges::fill(p.gradient, 0.0F);
    out.gradient = loss_weights;
    loss();
    if (op->needs_batch()) {
      for (const auto& part : parts) op->collect_backward(part);
      op->reduce_backward();
    }
    for (const auto& part : parts) op->backward(part);
    op->end();
  }

  Layer& layer;
  std::vector<Activation> in;
  Activation out;
  Buffer loss_weights;
  std::unique_ptr<Op> op;
  std::vector<MicroBatch> parts;
};

/// Expects every gradient of the layer to be the slope of its loss, and none in the padding.
inline void expect_slopes(Layer& layer, const std::vector<Shape>& shapes,
                          const std::vector<std::size_t>& lengths = {}, float step = 1e-2F) {
  Rig rig(layer, shapes, lengths);
  rig.backward();
  for (Activation& in : rig.in) {
    const Buffer gradient = in.gradient;
    Buffer masked = gradient;
    Rig::clear_padding(in, masked);
    EXPECT_EQ(masked, gradient) << "padding has a gradient";
    for (std::size_t i = 0; i < in.shape.clips; ++i) {
      const std::size_t valid = in.lengths[i] * in.shape.channels;
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

/// Expects an op that adds to its inputs' gradients to give what was there and what it would have
/// written.
inline void expect_adding(Layer& layer, const std::vector<Shape>& shapes,
                          const std::vector<std::size_t>& lengths = {}) {
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
      EXPECT_NEAR(rig.in[i].gradient[k], 3.0F + alone[i][k], 1e-5);
}

/// These take a layer of this kind with noise as its weights.
inline void expect_slopes(const std::string& kind, const Values& options,
                          const std::vector<Shape>& shapes,
                          const std::vector<std::size_t>& lengths = {}, float step = 1e-2F) {
  expect_slopes(*noisy_layer(kind, options, shapes), shapes, lengths, step);
}
inline void expect_adding(const std::string& kind, const Values& options,
                          const std::vector<Shape>& shapes,
                          const std::vector<std::size_t>& lengths = {}) {
  expect_adding(*noisy_layer(kind, options, shapes), shapes, lengths);
}

}  // namespace twinear::nn
