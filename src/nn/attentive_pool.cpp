// SPDX-License-Identifier: Apache-2.0
#include "nn/attentive_pool.h"

#include <algorithm>
#include <cmath>

#include "base/exponential.h"
#include "base/lanes.h"

namespace twinear::nn {
namespace {

/// weights = softmax of logits over the rows; they may be one memory. `scratch` has 2 channels
/// numbers.
template <class T>
TWINEAR_SIMD void softmax_rows(const T* logits, T* weights, std::int64_t rows,
                               std::int64_t channels, float* __restrict scratch) {
  float *largest = scratch, *sum = scratch + channels;
  for (std::int64_t c = 0; c < channels; ++c) largest[c] = load(logits[c]);
  std::fill(sum, sum + channels, 0.0F);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      largest[c] = std::max(largest[c], load(logits[r + c]));
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float e = fast_exp(load(logits[r + c]) - largest[c]);
      store(e, weights[r + c]);
      sum[c] += load(weights[r + c]);
    }
  for (std::int64_t c = 0; c < channels; ++c) sum[c] = 1.0F / sum[c];
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      store(load(weights[r + c]) * sum[c], weights[r + c]);
}

template <class T>
TWINEAR_SIMD void pool(const T* __restrict x, const T* __restrict weights, std::int64_t rows,
                       std::int64_t channels, float min_variance, float* __restrict mean,
                       float* __restrict deviation) {
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += load(weights[r + c]) * load(x[r + c]);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = load(x[r + c]) - mean[c];
      deviation[c] += load(weights[r + c]) * d * d;
    }
  for (std::int64_t c = 0; c < channels; ++c)
    deviation[c] = std::sqrt(std::max(deviation[c], min_variance));
}

// With weights w, gradients g of the mean m and h of the variance v (d v / d m = 0):
// dx = w (g + 2 h (x - m));  dw = g x + h (x - m)^2;  dlogit = w (dw - sum of w dw)
template <class T>
TWINEAR_SIMD void unpool(const T* __restrict x, const T* __restrict weights, T* __restrict dx,
                         T* __restrict dlogits, std::int64_t rows, std::int64_t channels,
                         const float* __restrict mean, const float* __restrict g,
                         const float* __restrict h, const float* __restrict expected) {
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = load(x[r + c]) - mean[c], w = load(weights[r + c]);
      store(w * (g[c] + 2.0F * h[c] * d), dx[r + c]);
      store(w * (g[c] * load(x[r + c]) + h[c] * d * d - expected[c]), dlogits[r + c]);
    }
}

template <class T>
class AttentivePoolOp final : public Op {
 public:
  AttentivePoolOp(float min_variance, std::span<const Input> in, Activation& out, Mode mode)
      : min_variance_(min_variance),
        x_edge_(in[0]),
        logit_edge_(in[1]),
        x_(*in[0].flow),
        logits_(*in[1].flow),
        out_(out),
        training_(mode == Mode::training) {
    if (training_) weights_.resize(static_cast<std::size_t>(x_.shape.size()));
  }

  void forward(const MicroBatch& part) override {
    const std::int64_t channels = x_.shape.channels;
    Buffer scratch(static_cast<std::size_t>(2 * channels));
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      // In inference nobody needs the logits again.
      T* weights =
          training_ ? weights_.data() + i * x_.shape.clip_size() : logits_.template clip<T>(i);
      softmax_rows(logits_.template clip<T>(i), weights, x_.length(i), channels, scratch.data());
      pool(x_.template clip<T>(i), weights, x_.length(i), channels, min_variance_, out_.clip(i),
           out_.clip(i) + channels);
    }
  }

  void backward(const MicroBatch& part) override {
    const std::int64_t channels = x_.shape.channels;
    const float least = std::sqrt(min_variance_);
    InputGradient<T> dx(x_edge_, part), dlogits(logit_edge_, part);
    Buffer h(static_cast<std::size_t>(channels)), expected(h.size());
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const float *mean = out_.clip(i), *deviation = mean + channels;
      const float* g = out_.clip_gradient(i);
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto at = static_cast<std::size_t>(c);
        h[at] = deviation[c] > least ? 0.5F * g[channels + c] / deviation[c] : 0.0F;
        expected[at] = g[c] * mean[c] + h[at] * deviation[c] * deviation[c];
      }
      unpool(x_.template clip<T>(i), weights_.data() + i * x_.shape.clip_size(), dx.clip(i),
             dlogits.clip(i), x_.length(i), channels, mean, g, h.data(), expected.data());
    }
    dx.clear_padding();
    dlogits.clear_padding();
  }

 private:
  float min_variance_;
  Input x_edge_, logit_edge_;
  Activation& x_;
  Activation& logits_;
  Activation& out_;
  bool training_;
  Aligned<T> weights_;
};

}  // namespace

std::unique_ptr<Op> AttentivePool::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return with_number(in[0].flow->number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<AttentivePoolOp<decltype(number)>>(min_variance_, in, out, mode);
  });
}

}  // namespace twinear::nn
