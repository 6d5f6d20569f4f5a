// SPDX-License-Identifier: Apache-2.0
#include "nn/moments.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "nn/tensor.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void pool(const T* __restrict x, std::int64_t rows, std::int64_t channels,
                       float min_variance, float of_variance, float* __restrict mean,
                       float* __restrict deviation) {
  const float share = 1.0F / static_cast<float>(rows);
  std::fill(mean, mean + channels, 0.0F);
  std::fill(deviation, deviation + channels, 0.0F);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += load(x[r * channels + c]);
  for (std::int64_t c = 0; c < channels; ++c) mean[c] *= share;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = load(x[r * channels + c]) - mean[c];
      deviation[c] += d * d;
    }
  for (std::int64_t c = 0; c < channels; ++c)
    deviation[c] = std::sqrt(std::max(deviation[c] * of_variance, min_variance));
}

// d mean / dx = 1 / T;  d deviation / dx = (x - mean) / (T deviation), or T - 1 where unbiased
template <class T>
TWINEAR_SIMD void unpool(const T* __restrict x, T* __restrict dx, std::int64_t rows,
                         std::int64_t channels, const float* __restrict slope,
                         const float* __restrict shift, bool add) {
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float slid = slope[c] * load(x[r + c]) + shift[c];
      store(add ? load(dx[r + c]) + slid : slid, dx[r + c]);
    }
}

}  // namespace

template <class T>
void pool_moments(const T* x, std::int64_t rows, std::int64_t channels, const Deviation& how,
                  float* mean, float* deviation) {
  pool(x, rows, channels, how.min_variance, how.share(rows), mean, deviation);
}

template <class T>
void unpool_moments(const T* x, T* dx, std::int64_t rows, std::int64_t channels,
                    const Deviation& how, const float* moments, const float* dmoments, bool add) {
  const float share = 1.0F / static_cast<float>(rows), least = std::sqrt(how.min_variance);
  Buffer slope(static_cast<std::size_t>(channels)), shift(slope.size());
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const float deviation = moments[channels + c];
    slope[at] = deviation > least ? dmoments[channels + c] * how.share(rows) / deviation : 0.0F;
    shift[at] = dmoments[c] * share - slope[at] * moments[c];
  }
  unpool(x, dx, rows, channels, slope.data(), shift.data(), add);
}

template void pool_moments(const float*, std::int64_t, std::int64_t, const Deviation&, float*,
                           float*);
template void pool_moments(const BFloat16*, std::int64_t, std::int64_t, const Deviation&, float*,
                           float*);
template void unpool_moments(const float*, float*, std::int64_t, std::int64_t, const Deviation&,
                             const float*, const float*, bool);
template void unpool_moments(const BFloat16*, BFloat16*, std::int64_t, std::int64_t,
                             const Deviation&, const float*, const float*, bool);

}  // namespace twinear::nn
