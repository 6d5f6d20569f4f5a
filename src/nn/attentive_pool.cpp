// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/exponential.h"
#include "base/lanes.h"
#include "nn/layers.h"
#include "nn/moments.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

/// weights = softmax of logits over the rows; they may be one memory. `scratch` has 2 channels
/// numbers.
template <class T>
TWINEAR_SIMD void softmax_rows(const T* logits, T* weights, std::size_t rows, std::size_t channels,
                               float* __restrict scratch) {
  float *largest = scratch, *sum = scratch + channels;
  for (std::size_t c = 0; c < channels; ++c) largest[c] = load(logits[c]);
  std::fill(sum, sum + channels, 0.0F);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c)
      largest[c] = std::max(largest[c], load(logits[r + c]));
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) {
      const float e = fast_exp(load(logits[r + c]) - largest[c]);
      store(e, weights[r + c]);
      sum[c] += load(weights[r + c]);
    }
  for (std::size_t c = 0; c < channels; ++c) sum[c] = 1.0F / sum[c];
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) store(load(weights[r + c]) * sum[c], weights[r + c]);
}

template <class T>
TWINEAR_SIMD void pool(const T* __restrict x, const T* __restrict weights, std::size_t rows,
                       std::size_t channels, float min_variance, float* __restrict mean,
                       float* __restrict deviation) {
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) mean[c] += load(weights[r + c]) * load(x[r + c]);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) {
      const float d = load(x[r + c]) - mean[c];
      deviation[c] += load(weights[r + c]) * d * d;
    }
  for (std::size_t c = 0; c < channels; ++c)
    deviation[c] = std::sqrt(std::max(deviation[c], min_variance));
}

// With weights w, gradients g of the mean m and h of the variance v (d v / d m = 0):
// dx = w (g + 2 h (x - m));  dw = g x + h (x - m)^2;  dlogit = w (dw - sum of w dw)
template <class T>
TWINEAR_SIMD void unpool(const T* __restrict x, const T* __restrict weights, T* __restrict dx,
                         T* __restrict dlogits, std::size_t rows, std::size_t channels,
                         const float* __restrict mean, const float* __restrict g,
                         const float* __restrict h, const float* __restrict expected) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) {
      const float d = load(x[r + c]) - mean[c], w = load(weights[r + c]);
      store(w * (g[c] + 2.0F * h[c] * d), dx[r + c]);
      store(w * (g[c] * load(x[r + c]) + h[c] * d * d - expected[c]), dlogits[r + c]);
    }
}

template <class T>
class AttentivePoolOp final : public Op {
 public:
  AttentivePoolOp(float min_variance, std::span<const Input> in, Activation& out, Mode mode)
      : min_variance_(min_variance), x_(in[0]), logits_(in[1]), y_(out) {
    if (mode == Mode::training) weights_.resize(x_.shape().size());
  }

  void forward(const MicroBatch& batch) override {
    const std::size_t channels = x_.channels();
    Buffer scratch(2 * channels);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      // In inference the logits are not needed again, so their memory takes the weights.
      T* weights = weights_.empty() ? logits_.value(i) : weights_of(i);
      softmax_rows(logits_.value(i), weights, x_.length(i), channels, scratch.data());
      pool(x_.value(i), weights, x_.length(i), channels, min_variance_, y_.value(i),
           y_.value(i) + channels);
    }
  }

  void backward(const MicroBatch& batch) override {
    const std::size_t channels = x_.channels();
    const float min_deviation = std::sqrt(min_variance_);
    auto dx = x_.gradient_of(batch), dlogits = logits_.gradient_of(batch);
    Buffer h(channels), expected(channels);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      const float *mean = y_.value(i), *deviation = mean + channels, *g = y_.gradient(i);
      for (std::size_t c = 0; c < channels; ++c) {
        h[c] = deviation[c] > min_deviation ? 0.5F * g[channels + c] / deviation[c] : 0.0F;
        expected[c] = g[c] * mean[c] + h[c] * deviation[c] * deviation[c];
      }
      unpool(x_.value(i), weights_of(i), dx.clip(i), dlogits.clip(i), x_.length(i), channels, mean,
             g, h.data(), expected.data());
    }
    dx.clear_padding();
    dlogits.clear_padding();
  }

 private:
  T* weights_of(std::size_t clip) { return weights_.data() + clip * x_.shape().clip_size(); }

  float min_variance_;
  InputView<T> x_, logits_;
  ActivationView<float> y_;
  Aligned<T> weights_;  // of training
};

/// Weighted mean and deviation over a clip's valid frames (Okabe et al. 2018). The inputs are x and
/// logits of one shape; the weights are each channel's softmax of its logits over time. C channels
/// become 2 C, frames become one. Deviation = sqrt(max(variance, min_variance)).
class AttentivePool final : public Layer {
 public:
  void keys(Fields& f) override { options_.min_variance_key(f); }
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 2, 2);
    expect_channels(in, in[0].channels);
  }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, 1, 2 * in[0].channels};
  }
  std::size_t output_length(std::size_t) const override { return 1; }
  Place place() const override { return Place::pooling; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override {
    return make_op<AttentivePoolOp>(in[0].activation->number, min_variance(), in, out, mode);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    const auto time = graph.integers(name + ".time", {2});
    const auto weights =
        graph.node("Softmax", {in[1]}, name + ".weights", {{"axis", std::int64_t{2}}});
    const auto weighted = [&](const std::string& x, const std::string& what) {
      const auto product = graph.node("Mul", {weights, x}, what + ".weighted");
      return graph.node("ReduceSum", {product, time}, what);
    };
    const auto m = weighted(in[0], name + ".mean");
    const auto d = graph.node("Sub", {in[0], m}, name + ".apart");
    const auto variance =
        weighted(graph.node("Mul", {d, d}, name + ".squares"), name + ".variance");
    const auto deviation =
        onnx::deviation(graph, variance, static_cast<double>(min_variance()), name);
    return onnx::concat(graph, {m, deviation}, name);
  }

 private:
  float min_variance() const { return options_.deviation(1e-12).min_variance; }

  DeviationOptions options_;
};

}  // namespace

LayerKind attentive_pool_kind() {
  return {"attentive_pool",
          "weighted mean and deviation over a clip's frames; the inputs are x and the logits of "
          "the weights",
          new_layer<AttentivePool>};
}

}  // namespace twinear::nn
