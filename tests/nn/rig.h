// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"
#include "nn/layer.h"

namespace twinear::nn {

inline void fill_noise(std::span<float> values, std::uint32_t stream, double scale = 1.0) {
  Random random(7, Purpose::test, stream);
  for (float& v : values) v = static_cast<float>(scale * random.normal());
}

/// One layer between activations, and sum(output x random weights) as its loss.
struct Rig {
  Rig(Layer& l, std::vector<Shape> shapes, std::vector<std::int64_t> lengths = {},
      Mode mode = Mode::training)
      : layer(l), in(shapes.size()) {
    if (lengths.empty())
      lengths.assign(static_cast<std::size_t>(shapes[0].clips), shapes[0].frames);
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
    for (std::int64_t at = 0; at < shapes[0].clips; at += micro_batch_clips)
      parts.push_back({parts.size(), at, std::min(micro_batch_clips, shapes[0].clips - at)});
  }

  static void make(Activation& flow, const Shape& shape, const std::vector<std::int64_t>& lengths) {
    flow.shape = shape;
    flow.value.resize(static_cast<std::size_t>(shape.size()));
    flow.gradient.resize(flow.value.size());
    flow.lengths = lengths;
  }

  static void clear_padding(const Activation& flow, Buffer& values) {
    for (std::int64_t i = 0; i < flow.shape.clips; ++i)
      std::fill(values.data() + i * flow.shape.clip_size() +
                    flow.lengths[static_cast<std::size_t>(i)] * flow.shape.channels,
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

}  // namespace twinear::nn
