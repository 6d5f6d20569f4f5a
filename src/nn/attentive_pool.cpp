// SPDX-License-Identifier: Apache-2.0
#include "nn/attentive_pool.h"

#include <algorithm>
#include <cmath>

#include "base/exponential.h"
#include "base/simd.h"

namespace twinear::nn {
namespace {

/// weights = softmax of logits over the rows; they may be one memory. `scratch` has 2 channels
/// numbers.
template <class T>
TWINEAR_SIMD void softmax_rows(const T* logits, T* weights, std::int64_t rows,
                               std::int64_t channels, float* __restrict scratch) {
  float *largest = scratch, *sum = scratch + channels;
  for (std::int64_t c = 0; c < channels; ++c) largest[c] = widen(logits[c]);
  std::fill(sum, sum + channels, 0.0F);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      largest[c] = std::max(largest[c], widen(logits[r + c]));
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float e = fast_exp(widen(logits[r + c]) - largest[c]);
      put(e, weights[r + c]);
      sum[c] += widen(weights[r + c]);
    }
  for (std::int64_t c = 0; c < channels; ++c) sum[c] = 1.0F / sum[c];
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) put(widen(weights[r + c]) * sum[c], weights[r + c]);
}

template <class T>
TWINEAR_SIMD void pool(const T* __restrict x, const T* __restrict weights, std::int64_t rows,
                       std::int64_t channels, float min_variance, float* __restrict mean,
                       float* __restrict deviation) {
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += widen(weights[r + c]) * widen(x[r + c]);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = widen(x[r + c]) - mean[c];
      deviation[c] += widen(weights[r + c]) * d * d;
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
      const float d = widen(x[r + c]) - mean[c], w = widen(weights[r + c]);
      put(w * (g[c] + 2.0F * h[c] * d), dx[r + c]);
      put(w * (g[c] * widen(x[r + c]) + h[c] * d * d - expected[c]), dlogits[r + c]);
    }
}

template <class T>
class AttentivePoolStep final : public Step {
 public:
  AttentivePoolStep(float min_variance, std::span<const Edge> in, Flow& out, Mode mode)
      : min_variance_(min_variance),
        x_edge_(in[0]),
        logit_edge_(in[1]),
        x_(*in[0].flow),
        logits_(*in[1].flow),
        out_(out),
        training_(mode == Mode::training) {
    if (training_) weights_.resize(static_cast<std::size_t>(x_.shape.size()));
  }

  void forward(const Part& part) override {
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

  void backward(const Part& part) override {
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
  Edge x_edge_, logit_edge_;
  Flow& x_;
  Flow& logits_;
  Flow& out_;
  bool training_;
  Aligned<T> weights_;
};

}  // namespace

std::unique_ptr<Step> AttentivePool::prepare(std::span<const Edge> in, Flow& out, Mode mode) {
  return with_number(in[0].flow->number, [&](auto number) -> std::unique_ptr<Step> {
    return std::make_unique<AttentivePoolStep<decltype(number)>>(min_variance_, in, out, mode);
  });
}

}  // namespace twinear::nn
