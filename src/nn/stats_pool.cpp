// SPDX-License-Identifier: Apache-2.0
#include "nn/stats_pool.h"

#include <algorithm>
#include <cmath>

#include "base/simd.h"

namespace twinear::nn {
namespace {

constexpr float least_variance = 1e-5F;

/// Two passes, so that a large mean does not swallow a small deviation.
TWINEAR_SIMD void pool(const float* __restrict x, std::int64_t rows, std::int64_t channels,
                       float* __restrict mean, float* __restrict deviation) {
  const float share = 1.0F / static_cast<float>(rows);
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += x[r * channels + c];
  for (std::int64_t c = 0; c < channels; ++c) mean[c] *= share;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = x[r * channels + c] - mean[c];
      deviation[c] += d * d;
    }
  for (std::int64_t c = 0; c < channels; ++c)
    deviation[c] = std::sqrt(std::max(deviation[c] * share, least_variance));
}

// d mean / dx = 1 / T;  d deviation / dx = (x - mean) / (T deviation)
TWINEAR_SIMD void unpool(const float* __restrict x, float* __restrict dx, std::int64_t rows,
                         std::int64_t channels, const float* __restrict y,
                         const float* __restrict dy, float* __restrict slope,
                         float* __restrict shift) {
  const float share = 1.0F / static_cast<float>(rows);
  const float least = std::sqrt(least_variance);
  for (std::int64_t c = 0; c < channels; ++c) {
    const float deviation = y[channels + c];
    slope[c] = deviation > least ? dy[channels + c] * share / deviation : 0.0F;
    shift[c] = dy[c] * share - slope[c] * y[c];
  }
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c)
      dx[r * channels + c] = slope[c] * x[r * channels + c] + shift[c];
}

class StatsPoolStep final : public Step {
 public:
  StatsPoolStep(Flow& in, Flow& out) : in_(in), out_(out) {}

  void forward(const Part& part) override {
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      pool(in_.clip(i), valid(i), in_.shape.channels, out_.clip(i),
           out_.clip(i) + in_.shape.channels);
  }

  void backward(const Part& part) override {
    if (in_.gradient.empty()) return;
    const std::int64_t channels = in_.shape.channels;
    Buffer scratch(static_cast<std::size_t>(2 * channels));
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      float* dx = in_.clip_gradient(i);
      unpool(in_.clip(i), dx, valid(i), channels, out_.clip(i), out_.clip_gradient(i),
             scratch.data(), scratch.data() + channels);
      std::fill(dx + valid(i) * channels, dx + in_.shape.clip_size(), 0.0F);
    }
  }

 private:
  std::int64_t valid(std::int64_t clip) const {
    return in_.lengths[static_cast<std::size_t>(clip)];
  }

  Flow& in_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> StatsPool::prepare(Flow& in, Flow& out, Mode) {
  return std::make_unique<StatsPoolStep>(in, out);
}

}  // namespace twinear::nn
