// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace twinear::nn {

/// How a deviation is taken: sqrt(max(variance, min_variance)), where the variance of T rows is
/// their squares' sum over T, or over T - 1 where `unbiased` (and T > 1).
struct Deviation {
  float min_variance;
  bool unbiased = false;
  float share(std::int64_t rows) const {
    return 1.0F / static_cast<float>(unbiased && rows > 1 ? rows - 1 : rows);
  }
};

/// Mean and deviation of each channel over the rows. In two passes, so that a large mean does not
/// swallow a small deviation.
template <class T>
void pool_moments(const T* x, std::int64_t rows, std::int64_t channels, const Deviation& how,
                  float* mean, float* deviation);

/// The way back: dx from `moments` (means, then deviations) and their gradients. Where the bound on
/// the variance holds, its gradient is 0. `add`: to what dx is.
template <class T>
void unpool_moments(const T* x, T* dx, std::int64_t rows, std::int64_t channels,
                    const Deviation& how, const float* moments, const float* dmoments,
                    bool add = false);

}  // namespace twinear::nn
