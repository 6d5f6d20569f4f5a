// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/exponential.h"
#include "nn/layers.h"
#include "nn/matrices.h"
#include "nn/onnx_forms.h"
#include "nn/rows.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void mean_rows(const T* __restrict x, std::size_t rows, std::size_t channels,
                            float* __restrict mean) {
  std::fill(mean, mean + channels, 0.0F);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < channels; ++c) mean[c] += load(x[r * channels + c]);
  for (std::size_t c = 0; c < channels; ++c) mean[c] /= static_cast<float>(rows);
}

/// y = x gate, plus `other` unless that is nullptr.
template <class T>
TWINEAR_SIMD void gate_rows(const T* __restrict x, const T* __restrict other, T* __restrict y,
                            std::size_t rows, std::size_t channels, const float* __restrict gate) {
  if (other == nullptr) {
    for (std::size_t r = 0; r < rows * channels; r += channels)
      for (std::size_t c = 0; c < channels; ++c) store(load(x[r + c]) * gate[c], y[r + c]);
    return;
  }
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c)
      store(load(x[r + c]) * gate[c] + load(other[r + c]), y[r + c]);
}

/// sum[c] is the sum of x dy over the rows.
template <class T>
TWINEAR_SIMD void dot_rows(const T* __restrict x, const T* __restrict dy, std::size_t rows,
                           std::size_t channels, float* __restrict sum) {
  std::fill(sum, sum + channels, 0.0F);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) sum[c] += load(x[r + c]) * load(dy[r + c]);
}

/// dx = dy gate + shift for each channel.
template <class T>
TWINEAR_SIMD void ungate_rows(const T* __restrict dy, T* __restrict dx, std::size_t rows,
                              std::size_t channels, const float* __restrict gate,
                              const float* __restrict shift) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c)
      store(load(dy[r + c]) * gate[c] + shift[c], dx[r + c]);
}

enum { reduce_weight, reduce_bias, expand_weight, expand_bias, parameter_count };

template <class T>
class SqueezeExciteOp final : public Op {
 public:
  SqueezeExciteOp(std::span<Parameter> parameters, std::span<const Input> in, Activation& out,
                  Mode mode)
      : parameters_(parameters),
        in_(in.begin(), in.end()),
        y_(out),
        channels_(in_[0].channels()),
        bottleneck_(parameters[reduce_bias].value.size()),
        mean_(out.shape.clips * channels_),
        hidden_(out.shape.clips * bottleneck_),
        gate_(mean_.size()) {
    if (mode == Mode::training)
      for (std::size_t p = 0; p < slots_.size(); ++p)
        slots_[p].resize(micro_batch_count(out.shape), parameters[p].value.size());
  }

  void forward(const MicroBatch& batch) override {
    const InputView<T>& x = in_[0];
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      mean_rows(x.value(i), x.length(i), channels_, mean(i));
      std::ranges::copy(parameters_[reduce_bias].value, hidden(i));
      std::ranges::copy(parameters_[expand_bias].value, gate(i));
    }
    float *h = hidden(batch.first), *g = gate(batch.first);
    multiply(matrix(mean(batch.first), batch.clips, channels_), reduce_weights(),
             result(h, batch.clips, bottleneck_), Transpose::second, true);
    for (std::size_t k = 0; k < batch.clips * bottleneck_; ++k) h[k] = std::max(h[k], 0.0F);
    multiply(matrix(h, batch.clips, bottleneck_), expand_weights(),
             result(g, batch.clips, channels_), Transpose::second, true);
    for (std::size_t k = 0; k < batch.clips * channels_; ++k) g[k] = fast_sigmoid(g[k]);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      gate_rows(x.value(i), in_.size() > 1 ? in_[1].value(i) : nullptr, y_.value(i),
                y_.shape().frames, channels_, gate(i));
  }

  void backward(const MicroBatch& batch) override {
    Buffer dmean(batch.clips * channels_);
    backward_gate(batch, dmean.data());
    if (in_[0].wants_gradient()) {
      auto dx = in_[0].gradient_of(batch);
      for (std::size_t i = batch.first; i < batch.end(); ++i) {
        const std::size_t length = in_[0].length(i);
        float* shift = dmean.data() + (i - batch.first) * channels_;
        for (std::size_t c = 0; c < channels_; ++c) shift[c] /= static_cast<float>(length);
        ungate_rows(y_.gradient(i), dx.clip(i), length, channels_, gate(i), shift);
      }
      dx.clear_padding();
    }
    if (in_.size() > 1) rows::pass_gradient(y_, in_[1], batch);
  }

  void end() override {
    for (std::size_t p = 0; p < slots_.size(); ++p) slots_[p].add_to(parameters_[p].gradient);
  }

 private:
  // dg = sum over frames of x dy; back through sigmoid, W2, ReLU, W1 to dm; dx = dy g + dm / T.
  void backward_gate(const MicroBatch& batch, float* dmean) {
    Buffer dgate(batch.clips * channels_), dhidden(batch.clips * bottleneck_);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      float* d = dgate.data() + (i - batch.first) * channels_;
      const float* g = gate(i);
      dot_rows(in_[0].value(i), y_.gradient(i), in_[0].length(i), channels_, d);
      for (std::size_t c = 0; c < channels_; ++c) d[c] *= g[c] * (1.0F - g[c]);
    }
    const float* h = hidden(batch.first);
    const MatrixView dg = matrix(dgate.data(), batch.clips, channels_);
    multiply(dg, matrix(h, batch.clips, bottleneck_),
             result(slots_[expand_weight].of(batch), channels_, bottleneck_), Transpose::first);
    sum_rows(dg.data, dg.rows, dg.columns, slots_[expand_bias].of(batch));
    multiply(dg, expand_weights(), result(dhidden.data(), batch.clips, bottleneck_));
    for (std::size_t k = 0; k < dhidden.size(); ++k)
      if (h[k] <= 0.0F) dhidden[k] = 0.0F;
    const MatrixView dh = matrix(dhidden.data(), batch.clips, bottleneck_);
    multiply(dh, matrix(mean(batch.first), batch.clips, channels_),
             result(slots_[reduce_weight].of(batch), bottleneck_, channels_), Transpose::first);
    sum_rows(dh.data, dh.rows, dh.columns, slots_[reduce_bias].of(batch));
    multiply(dh, reduce_weights(), result(dmean, batch.clips, channels_));
  }

  float* mean(std::size_t clip) { return mean_.data() + clip * channels_; }
  float* hidden(std::size_t clip) { return hidden_.data() + clip * bottleneck_; }
  float* gate(std::size_t clip) { return gate_.data() + clip * channels_; }
  MatrixView reduce_weights() const {
    return matrix(parameters_[reduce_weight].value.data(), bottleneck_, channels_);
  }
  MatrixView expand_weights() const {
    return matrix(parameters_[expand_weight].value.data(), channels_, bottleneck_);
  }

  std::span<Parameter> parameters_;
  std::vector<InputView<T>> in_;
  ActivationView<T> y_;
  std::size_t channels_, bottleneck_;
  Buffer mean_, hidden_, gate_;  // a row a clip
  std::array<GradientSlots, parameter_count> slots_;
};

/// Squeeze and excitation (Hu et al. 2018): y = x g, where each clip's gate is g = sigmoid(W2
/// max(0, W1 m + b1) + b2) and m is the mean over its valid frames; a second input is added (the
/// residual). Parameters: "reduce.weight" [bottleneck, channels, 1], "reduce.bias", "expand.weight"
/// [channels, bottleneck, 1], "expand.bias".
class SqueezeExcite final : public Layer {
 public:
  void keys(Fields& f) override {
    f.whole({"out", "channels", "width of the bottleneck"}, bottleneck_, 1, 65536);
  }
  void build(std::span<const Shape> in) override {
    const std::size_t channels = in[0].channels;
    expect_inputs(in, 1, 2);
    expect_range("out", bottleneck_, 65536);
    expect_channels(in, channels);
    expect_weights(2 * channels * bottleneck_);
    parameters_ = {make_parameter("reduce.weight", {bottleneck_, channels, 1}, channels),
                   make_parameter("reduce.bias", {bottleneck_}, channels),
                   make_parameter("expand.weight", {channels, bottleneck_, 1}, bottleneck_),
                   make_parameter("expand.bias", {channels}, bottleneck_)};
  }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override {
    return static_cast<double>(in[0].clips * in[0].channels * 2 * bottleneck_);
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override {
    return make_op<SqueezeExciteOp>(out.number, parameters(), in, out, mode);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    const auto map = [&](const std::string& x, std::size_t weight, const std::string& what) {
      const auto w = onnx::weights(graph, name, parameters_[weight]);
      const auto b = onnx::weights(graph, name, parameters_[weight + 1]);
      return graph.node("Conv", {x, w, b}, what);
    };
    const auto reduced =
        map(onnx::mean(graph, in[0], name + ".mean"), reduce_weight, name + ".reduced");
    const auto hidden = graph.node("Relu", {reduced}, name + ".hidden");
    const auto gate =
        graph.node("Sigmoid", {map(hidden, expand_weight, name + ".expanded")}, name + ".gate");
    if (in.size() == 1) return graph.node("Mul", {in[0], gate}, name);
    return graph.node("Add", {graph.node("Mul", {in[0], gate}, name + ".gated"), in[1]}, name);
  }

 private:
  std::size_t bottleneck_ = 0;
  std::vector<Parameter> parameters_;
};

}  // namespace

LayerKind squeeze_excite_kind() {
  return {"squeeze_excite",
          "each channel gated by what all channels' means say; a second input is added",
          new_layer<SqueezeExcite>};
}

}  // namespace twinear::nn
