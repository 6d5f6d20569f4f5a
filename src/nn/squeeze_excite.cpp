// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/exponential.h"
#include "nn/gates.h"
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

/// dx = dy gate + shift for each channel.
template <class T>
TWINEAR_SIMD void ungate_rows(const T* __restrict dy, T* __restrict dx, std::size_t rows,
                              std::size_t channels, const float* __restrict gate,
                              const float* __restrict shift) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c)
      store(load(dy[r + c]) * gate[c] + shift[c], dx[r + c]);
}

template <class T>
class SqueezeExciteOp final : public Op {
 public:
  SqueezeExciteOp(std::span<Parameter> parameters, std::span<const Input> in, Activation& out,
                  Mode mode)
      : in_(in.begin(), in.end()),
        y_(out),
        channels_(in_[0].channels()),
        gates_(parameters, out.shape.clips,
               mode == Mode::training ? micro_batch_count(out.shape) : 0) {}

  void forward(const MicroBatch& batch) override {
    const InputView<T>& x = in_[0];
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      mean_rows(x.value(i), x.length(i), channels_, gates_.context(i));
      std::ranges::copy(gates_.bias(reduce_bias), gates_.hidden(i));
      std::ranges::copy(gates_.bias(expand_bias), gates_.gate(i));
    }
    const std::size_t bottleneck = gates_.hidden_channels();
    float *h = gates_.hidden(batch.first), *g = gates_.gate(batch.first);
    multiply(matrix(gates_.context(batch.first), batch.clips, channels_), gates_.reduce_weights(),
             result(h, batch.clips, bottleneck), Transpose::second, true);
    for (std::size_t k = 0; k < batch.clips * bottleneck; ++k) h[k] = std::max(h[k], 0.0F);
    multiply(matrix(h, batch.clips, bottleneck), gates_.expand_weights(),
             result(g, batch.clips, channels_), Transpose::second, true);
    for (std::size_t k = 0; k < batch.clips * channels_; ++k) g[k] = fast_sigmoid(g[k]);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      gate_rows(x.value(i), y_.value(i), y_.shape().frames, channels_, gates_.gate(i),
                in_.size() > 1 ? in_[1].value(i) : nullptr);
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
        ungate_rows(y_.gradient(i), dx.clip(i), length, channels_, gates_.gate(i), shift);
      }
      dx.clear_padding();
    }
    if (in_.size() > 1) rows::pass_gradient(y_, in_[1], batch);
  }

  void end() override { gates_.add_gradients(); }

 private:
  // dg = sum over frames of x dy; back through sigmoid, W2, ReLU, W1 to dm; dx = dy g + dm / T.
  void backward_gate(const MicroBatch& batch, float* dmean) {
    Buffer dgate(batch.clips * channels_);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      dot_rows(in_[0].value(i), y_.gradient(i), in_[0].length(i), channels_,
               dgate.data() + (i - batch.first) * channels_);
    gates_.backward(batch, batch.first, batch.clips, dgate.data(), dmean);
  }

  std::vector<InputView<T>> in_;
  ActivationView<T> y_;
  std::size_t channels_;
  Gates gates_;  // a row a clip
};

/// Squeeze and excitation (Hu et al. 2018): y = x g, where each clip's gate is g = sigmoid(W2
/// max(0, W1 m + b1) + b2) and m is the mean over its valid frames; a second input is added (the
/// residual). The parameters are gate_parameters().
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
    parameters_ = gate_parameters(channels, bottleneck_, channels);
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
    const auto gate =
        gates_to_onnx(graph, name, parameters_, onnx::mean(graph, in[0], name + ".mean"));
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
