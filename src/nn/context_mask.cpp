// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>

#include "base/exponential.h"
#include "base/lanes.h"
#include "nn/layers.h"
#include "nn/matrices.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

/// y = x gate for each of the rows.
template <class T>
TWINEAR_SIMD void gate_rows(const T* __restrict x, T* __restrict y, std::size_t rows,
                            std::size_t channels, const float* __restrict gate) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) store(load(x[r + c]) * gate[c], y[r + c]);
}

/// sum[c] is the sum of x dy over the rows.
template <class T>
TWINEAR_SIMD void dot_rows(const T* __restrict x, const T* __restrict dy, std::size_t rows,
                           std::size_t channels, float* __restrict sum) {
  std::fill(sum, sum + channels, 0.0F);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) sum[c] += load(x[r + c]) * load(dy[r + c]);
}

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
/// t lies in; the last segment ends with the clip. The inputs are `local` and x. Parameters:
/// "reduce.weight" [hidden, channels of x, 1], "reduce.bias", "expand.weight" [channels, hidden,
/// 1], "expand.bias".
class ContextMask final : public Layer {
 public:
  enum Which { reduce_weight, reduce_bias, expand_weight, expand_bias, parameter_count };

  void keys(Fields& f) override {
    f.whole({"out", "channels", "width of the hidden layer"}, hidden_, 1, 65536);
    f.whole({"segment", "frames", "length of a segment"}, segment_, 1, 65536);
  }
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 2, 2);
    const std::size_t gated = in[0].channels, channels = in[1].channels;
    expect_range("out", hidden_, 65536);
    expect_weights((gated + channels) * hidden_);
    parameters_ = {make_parameter("reduce.weight", {hidden_, channels, 1}, channels),
                   make_parameter("reduce.bias", {hidden_}, channels),
                   make_parameter("expand.weight", {gated, hidden_, 1}, hidden_),
                   make_parameter("expand.bias", {gated}, hidden_)};
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
        parameters_(layer.parameters()),
        local_(in[0]),
        x_(in[1]),
        y_(out),
        channels_(x_.channels()),
        hidden_channels_(parameters_[ContextMask::reduce_bias].value.size()),
        gated_(y_.channels()),
        most_(layer.segments(x_.shape().frames)),
        context_(x_.shape().clips * most_ * channels_),
        hidden_(x_.shape().clips * most_ * hidden_channels_),
        gate_(x_.shape().clips * most_ * gated_) {
    if (mode == Mode::training)
      for (std::size_t p = 0; p < slots_.size(); ++p)
        slots_[p].resize(micro_batch_count(out.shape), parameters_[p].value.size());
  }

  void forward(const MicroBatch& batch) override {
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      find_context(i);
      find_gate(i);
      for (std::size_t s = 0; s < segments(i); ++s)
        gate_rows(local_.value(i) + from(s) * gated_, y_.value(i) + from(s) * gated_, rows(i, s),
                  gated_, gate(i, s));
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

  void end() override {
    for (std::size_t p = 0; p < slots_.size(); ++p) slots_[p].add_to(parameters_[p].gradient);
  }

 private:
  std::size_t segments(std::size_t clip) const { return layer_.segments(x_.length(clip)); }
  std::size_t from(std::size_t segment) const { return segment * layer_.segment(); }
  std::size_t rows(std::size_t clip, std::size_t segment) const {
    return std::min(layer_.segment(), x_.length(clip) - from(segment));
  }
  float* context(std::size_t clip) { return context_.data() + clip * most_ * channels_; }
  float* hidden(std::size_t clip) { return hidden_.data() + clip * most_ * hidden_channels_; }
  float* gate(std::size_t clip, std::size_t segment = 0) {
    return gate_.data() + (clip * most_ + segment) * gated_;
  }
  MatrixView reduce_weights() const {
    return matrix(parameters_[ContextMask::reduce_weight].value.data(), hidden_channels_,
                  channels_);
  }
  MatrixView expand_weights() const {
    return matrix(parameters_[ContextMask::expand_weight].value.data(), gated_, hidden_channels_);
  }

  void find_context(std::size_t clip) {
    const std::size_t count = segments(clip);
    Buffer mean(channels_);
    for (std::size_t s = 0; s < count; ++s) {
      float* of_segment = context(clip) + s * channels_;
      sum_rows(x_.value(clip) + from(s) * channels_, static_cast<std::int64_t>(rows(clip, s)),
               static_cast<std::int64_t>(channels_), of_segment);
      for (std::size_t c = 0; c < channels_; ++c) {
        mean[c] += of_segment[c];
        of_segment[c] /= static_cast<float>(rows(clip, s));
      }
    }
    for (float& m : mean) m /= static_cast<float>(x_.length(clip));
    for (std::size_t s = 0; s < count; ++s)
      for (std::size_t c = 0; c < channels_; ++c) context(clip)[s * channels_ + c] += mean[c];
  }

  void find_gate(std::size_t clip) {
    for (std::size_t s = 0; s < segments(clip); ++s) {
      float *h = hidden(clip) + s * hidden_channels_, *g = gate(clip, s);
      std::ranges::copy(parameters_[ContextMask::reduce_bias].value, h);
      std::ranges::copy(parameters_[ContextMask::expand_bias].value, g);
      add_product(reduce_weights().data, hidden_channels_, channels_, context(clip) + s * channels_,
                  h);
      for (std::size_t k = 0; k < hidden_channels_; ++k) h[k] = std::max(h[k], 0.0F);
      add_product(expand_weights().data, gated_, hidden_channels_, h, g);
      for (std::size_t k = 0; k < gated_; ++k) g[k] = fast_sigmoid(g[k]);
    }
  }

  /// The gradients of the parameters and of the contexts; those of segments that a clip does not
  /// have stay 0.
  void backward_gate(const MicroBatch& batch, float* dcontext) {
    const std::size_t count = batch.clips * most_;
    Buffer dgate(count * gated_), dhidden(count * hidden_channels_);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      for (std::size_t s = 0; s < segments(i); ++s) {
        float* d = dgate.data() + ((i - batch.first) * most_ + s) * gated_;
        const float* g = gate(i, s);
        dot_rows(local_.value(i) + from(s) * gated_, y_.gradient(i) + from(s) * gated_, rows(i, s),
                 gated_, d);
        for (std::size_t c = 0; c < gated_; ++c) d[c] *= g[c] * (1.0F - g[c]);
      }
    const float* h = hidden(batch.first);
    const MatrixView dg = matrix(dgate.data(), count, gated_);
    multiply(dg, matrix(h, count, hidden_channels_),
             result(slots_[ContextMask::expand_weight].of(batch), gated_, hidden_channels_),
             Transpose::first);
    sum_rows(dg.data, dg.rows, dg.columns, slots_[ContextMask::expand_bias].of(batch));
    multiply(dg, expand_weights(), result(dhidden.data(), count, hidden_channels_));
    for (std::size_t k = 0; k < dhidden.size(); ++k)
      if (h[k] <= 0.0F) dhidden[k] = 0.0F;
    const MatrixView dh = matrix(dhidden.data(), count, hidden_channels_);
    multiply(dh, matrix(context(batch.first), count, channels_),
             result(slots_[ContextMask::reduce_weight].of(batch), hidden_channels_, channels_),
             Transpose::first);
    sum_rows(dh.data, dh.rows, dh.columns, slots_[ContextMask::reduce_bias].of(batch));
    multiply(dh, reduce_weights(), result(dcontext, count, channels_));
  }

  void backward_local(const MicroBatch& batch) {
    auto dlocal = local_.gradient_of(batch);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      for (std::size_t s = 0; s < segments(i); ++s)
        gate_rows(y_.gradient(i) + from(s) * gated_, dlocal.clip(i) + from(s) * gated_, rows(i, s),
                  gated_, gate(i, s));
    dlocal.clear_padding();
  }

  ContextMask& layer_;
  std::span<Parameter> parameters_;
  InputView<T> local_, x_;
  ActivationView<T> y_;
  std::size_t channels_, hidden_channels_, gated_;
  std::size_t most_;                // segments of a clip
  Buffer context_, hidden_, gate_;  // a row a segment, most_ of them a clip
  std::array<GradientSlots, ContextMask::parameter_count> slots_;
};

std::unique_ptr<Op> ContextMask::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_op<ContextMaskOp>(out.number, *this, in, out, mode);
}

std::string ContextMask::to_onnx(OnnxBuilder& graph, const std::string& name,
                                 const OnnxBuilder::Names& in) const {
  using Sizes = OnnxBuilder::Sizes;
  const auto map = [&](const std::string& x, Which weight, const std::string& what) {
    const auto w = onnx::weights(graph, name, parameters_[weight]);
    const auto b = onnx::weights(graph, name, parameters_[weight + 1]);
    return graph.node("Conv", {x, w, b}, what);
  };
  const auto length = static_cast<std::int64_t>(segment_);
  const auto of_segment = graph.node("AveragePool", {in[1]}, name + ".segments",
                                     {{"kernel_shape", Sizes{length}},
                                      {"strides", Sizes{length}},
                                      {"ceil_mode", std::int64_t{1}}});
  const auto context =
      graph.node("Add", {of_segment, onnx::mean(graph, in[1], name + ".mean")}, name + ".context");
  const auto hidden =
      graph.node("Relu", {map(context, reduce_weight, name + ".reduced")}, name + ".hidden");
  const auto gate =
      graph.node("Sigmoid", {map(hidden, expand_weight, name + ".expanded")}, name + ".gate");
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
