// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/exponential.h"
#include "nn/gates.h"
#include "nn/layers.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

/// Writes the same numbers into each of the rows.
template <class T>
TWINEAR_SIMD void fill_rows(const float* __restrict from, T* __restrict to, std::size_t rows,
                            std::size_t channels) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) store(from[c], to[r + c]);
}

/// y += W x for a matrix of rows x columns: a product too small for the set-up of a library's.
TWINEAR_SIMD void add_product(const float* __restrict w, std::size_t rows, std::size_t columns,
                              const float* __restrict x, float* __restrict y) {
  const std::size_t whole = columns / lane_count * lane_count;
  std::size_t r = 0;
  for (; r + 4 <= rows; r += 4, w += 4 * columns) {
    Vector<float> sums[4] = {}, xs, ws;
    for (std::size_t c = 0; c < whole; c += lane_count) {
      std::memcpy(&xs, x + c, sizeof xs);
      for (std::size_t k = 0; k < 4; ++k) {
        std::memcpy(&ws, w + k * columns + c, sizeof ws);
        sums[k] += ws * xs;
      }
    }
    float totals[4];
    sum_lanes(sums, totals);
    for (std::size_t k = 0; k < 4; ++k) {
      for (std::size_t c = whole; c < columns; ++c) totals[k] += w[k * columns + c] * x[c];
      y[r + k] += totals[k];
    }
  }
  for (; r < rows; ++r, w += columns)
    for (std::size_t c = 0; c < columns; ++c) y[r] += w[c] * x[c];
}

/// Context-aware masking (Wang et al. 2023): y[t] = local[t] sigmoid(W2 max(0, W1 c + b1) + b2),
/// where the context c is the mean of x over the clip plus its mean over the segment of frames that
/// t lies in; the last segment ends with the clip. The inputs are `local` and x. The parameters are
/// gate_parameters().
class ContextMask final : public Layer {
 public:
  void keys(Fields& f) override {
    f.whole({"out", "channels", "width of the hidden layer"}, hidden_, 1, 65536);
    f.whole({"segment", "frames", "length of a segment"}, segment_, 1, 65536);
  }
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 2, 2);
    const std::size_t gated = in[0].channels, channels = in[1].channels;
    expect_range("out", hidden_, 65536);
    expect_weights((gated + channels) * hidden_);
    parameters_ = gate_parameters(channels, hidden_, gated);
  }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override {
    return static_cast<double>(in[0].clips * segments(in[0].frames) * hidden_ *
                               (in[0].channels + in[1].channels));
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override;

  std::size_t segment() const noexcept { return segment_; }
  std::size_t segments(std::size_t frames) const noexcept { return (frames - 1) / segment_ + 1; }

 private:
  std::size_t hidden_ = 0, segment_ = 100;
  std::vector<Parameter> parameters_;
};

template <class T>
class ContextMaskOp final : public Op {
 public:
  ContextMaskOp(ContextMask& layer, std::span<const Input> in, Activation& out, Mode mode)
      : layer_(layer),
        local_(in[0]),
        x_(in[1]),
        y_(out),
        channels_(x_.channels()),
        gated_(y_.channels()),
        most_(layer.segments(x_.shape().frames)),
        gates_(layer.parameters(), x_.shape().clips * most_,
               mode == Mode::training ? micro_batch_count(out.shape) : 0) {}

  void forward(const MicroBatch& batch) override {
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      find_context(i);
      find_gate(i);
      for (std::size_t s = 0; s < segments(i); ++s)
        gate_rows(local_.value(i) + from(s) * gated_, y_.value(i) + from(s) * gated_, rows(i, s),
                  gated_, gates_.gate(row(i, s)));
    }
    y_.clear_padding(batch);
  }

  // dg = sum over the segment of local dy; back through sigmoid, W2, ReLU, W1 to dc; dlocal = dy g;
  // dx = the sum of dc over the segments / T + dc of the own segment / its frames.
  void backward(const MicroBatch& batch) override {
    Buffer dcontext(batch.clips * most_ * channels_);
    backward_gate(batch, dcontext.data());
    if (local_.wants_gradient()) backward_local(batch);
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    Buffer of_clip(channels_), of_frame(channels_);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      const float* d = dcontext.data() + (i - batch.first) * most_ * channels_;
      const std::size_t count = segments(i);
      sum_rows(d, static_cast<std::int64_t>(count), static_cast<std::int64_t>(channels_),
               of_clip.data());
      for (std::size_t s = 0; s < count; ++s) {
        for (std::size_t c = 0; c < channels_; ++c)
          of_frame[c] = of_clip[c] / static_cast<float>(x_.length(i)) +
                        d[s * channels_ + c] / static_cast<float>(rows(i, s));
        fill_rows(of_frame.data(), dx.clip(i) + from(s) * channels_, rows(i, s), channels_);
      }
    }
    dx.clear_padding();
  }

  void end() override { gates_.add_gradients(); }

 private:
  std::size_t segments(std::size_t clip) const { return layer_.segments(x_.length(clip)); }
  std::size_t from(std::size_t segment) const { return segment * layer_.segment(); }
  std::size_t rows(std::size_t clip, std::size_t segment) const {
    return std::min(layer_.segment(), x_.length(clip) - from(segment));
  }
  /// The row of a segment among the gates, which have `most_` of each clip.
  std::size_t row(std::size_t clip, std::size_t segment = 0) const {
    return clip * most_ + segment;
  }

  void find_context(std::size_t clip) {
    const std::size_t count = segments(clip);
    Buffer mean(channels_);
    for (std::size_t s = 0; s < count; ++s) {
      float* of_segment = gates_.context(row(clip, s));
      sum_rows(x_.value(clip) + from(s) * channels_, static_cast<std::int64_t>(rows(clip, s)),
               static_cast<std::int64_t>(channels_), of_segment);
      for (std::size_t c = 0; c < channels_; ++c) {
        mean[c] += of_segment[c];
        of_segment[c] /= static_cast<float>(rows(clip, s));
      }
    }
    for (float& m : mean) m /= static_cast<float>(x_.length(clip));
    for (std::size_t s = 0; s < count; ++s)
      for (std::size_t c = 0; c < channels_; ++c) gates_.context(row(clip, s))[c] += mean[c];
  }

  void find_gate(std::size_t clip) {
    const std::size_t hidden_channels = gates_.hidden_channels();
    for (std::size_t s = 0; s < segments(clip); ++s) {
      float *h = gates_.hidden(row(clip, s)), *g = gates_.gate(row(clip, s));
      std::ranges::copy(gates_.bias(reduce_bias), h);
      std::ranges::copy(gates_.bias(expand_bias), g);
      add_product(gates_.reduce_weights().data, hidden_channels, channels_,
                  gates_.context(row(clip, s)), h);
      for (std::size_t k = 0; k < hidden_channels; ++k) h[k] = std::max(h[k], 0.0F);
      add_product(gates_.expand_weights().data, gated_, hidden_channels, h, g);
      for (std::size_t k = 0; k < gated_; ++k) g[k] = fast_sigmoid(g[k]);
    }
  }

  /// The slopes along the contexts; those of segments that a clip does not have stay 0.
  void backward_gate(const MicroBatch& batch, float* dcontext) {
    const std::size_t first = row(batch.first), count = row(batch.clips);
    Buffer dgate(count * gated_);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      for (std::size_t s = 0; s < segments(i); ++s)
        dot_rows(local_.value(i) + from(s) * gated_, y_.gradient(i) + from(s) * gated_, rows(i, s),
                 gated_, dgate.data() + (row(i, s) - first) * gated_);
    gates_.backward(batch, first, count, dgate.data(), dcontext);
  }

  void backward_local(const MicroBatch& batch) {
    auto dlocal = local_.gradient_of(batch);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      for (std::size_t s = 0; s < segments(i); ++s)
        gate_rows(y_.gradient(i) + from(s) * gated_, dlocal.clip(i) + from(s) * gated_, rows(i, s),
                  gated_, gates_.gate(row(i, s)));
    dlocal.clear_padding();
  }

  ContextMask& layer_;
  InputView<T> local_, x_;
  ActivationView<T> y_;
  std::size_t channels_, gated_;
  std::size_t most_;  // segments of a clip
  Gates gates_;       // a row a segment, most_ of them a clip
};

std::unique_ptr<Op> ContextMask::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_op<ContextMaskOp>(out.number, *this, in, out, mode);
}

std::string ContextMask::to_onnx(OnnxBuilder& graph, const std::string& name,
                                 const OnnxBuilder::Names& in) const {
  using Sizes = OnnxBuilder::Sizes;
  const auto length = static_cast<std::int64_t>(segment_);
  const auto of_segment = graph.node("AveragePool", {in[1]}, name + ".segments",
                                     {{"kernel_shape", Sizes{length}},
                                      {"strides", Sizes{length}},
                                      {"ceil_mode", std::int64_t{1}}});
  const auto context =
      graph.node("Add", {of_segment, onnx::mean(graph, in[1], name + ".mean")}, name + ".context");
  const auto gate = gates_to_onnx(graph, name, parameters_, context);
  // Each segment's gate stands for all of its frames; those beyond the clip's end are cut off.
  const auto column =
      graph.node("Unsqueeze", {gate, graph.integers(name + ".last", {3})}, name + ".column");
  const auto table = graph.node(
      "Expand", {column, graph.integers(name + ".repeats", {1, 1, 1, length})}, name + ".table");
  const auto gated = static_cast<std::int64_t>(parameters_[expand_bias].value.size());
  const auto row = graph.node("Reshape", {table, graph.integers(name + ".shape", {0, gated, -1})},
                              name + ".row");
  const auto time = graph.integers(name + ".time", {2});
  const auto frames =
      graph.node("Gather", {graph.node("Shape", {in[1]}, name + ".sizes"), time}, name + ".frames");
  const auto mask =
      graph.node("Slice", {row, graph.integers(name + ".from", {0}), frames, time}, name + ".mask");
  return graph.node("Mul", {in[0], mask}, name);
}

}  // namespace

LayerKind context_mask_kind() {
  return {"context_mask",
          "the first input gated by the second's means over the clip and over segments of it",
          new_layer<ContextMask>};
}

}  // namespace twinear::nn
