// SPDX-License-Identifier: Apache-2.0
#include "nn/moments.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "twinear/buffer.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void pool(const T* __restrict x, std::size_t rows, std::size_t channels,
                       float min_variance, float eps, float of_variance, float* __restrict mean,
                       float* __restrict deviation) {
  const float share = 1.0F / static_cast<float>(rows);
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < channels; ++c) mean[c] += load(x[r * channels + c]);
  for (std::size_t c = 0; c < channels; ++c) mean[c] *= share;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < channels; ++c) {
      const float d = load(x[r * channels + c]) - mean[c];
      deviation[c] += d * d;
    }
  for (std::size_t c = 0; c < channels; ++c)
    deviation[c] = std::sqrt(std::max(deviation[c] * of_variance + eps, min_variance));
}

// d mean / dx = 1 / T;  d deviation / dx = (x - mean) / (T deviation), or T - 1 where unbiased
template <class T>
TWINEAR_SIMD void unpool(const T* __restrict x, T* __restrict dx, std::size_t rows,
                         std::size_t channels, const float* __restrict slope,
                         const float* __restrict shift, bool add) {
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) {
      const float moved = slope[c] * load(x[r + c]) + shift[c];
      store(add ? load(dx[r + c]) + moved : moved, dx[r + c]);
    }
}

}  // namespace

template <class T>
void pool_moments(const T* x, std::size_t rows, std::size_t channels, const Deviation& how,
                  float* mean, float* deviation) {
  pool(x, rows, channels, how.min_variance, how.eps, how.share(rows), mean, deviation);
}

template <class T>
void unpool_moments(const T* x, T* dx, std::size_t rows, std::size_t channels, const Deviation& how,
                    const float* moments, const float* dmoments, bool add) {
  const float share = 1.0F / static_cast<float>(rows), min_deviation = std::sqrt(how.min_variance);
  Buffer slope(channels), shift(slope.size());
  for (std::size_t c = 0; c < channels; ++c) {
    const float deviation = moments[channels + c];
    slope[c] =
        deviation > min_deviation ? dmoments[channels + c] * how.share(rows) / deviation : 0.0F;
    shift[c] = dmoments[c] * share - slope[c] * moments[c];
  }
  unpool(x, dx, rows, channels, slope.data(), shift.data(), add);
}

template void pool_moments(const float*, std::size_t, std::size_t, const Deviation&, float*,
                           float*);
template void pool_moments(const BFloat16*, std::size_t, std::size_t, const Deviation&, float*,
                           float*);
template void unpool_moments(const float*, float*, std::size_t, std::size_t, const Deviation&,
                             const float*, const float*, bool);
template void unpool_moments(const BFloat16*, BFloat16*, std::size_t, std::size_t, const Deviation&,
                             const float*, const float*, bool);

}  // namespace twinear::nn
