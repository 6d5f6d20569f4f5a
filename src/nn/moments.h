// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace twinear::nn {

/// Mean and deviation of each channel over the rows; deviation = sqrt(max(biased variance,
/// least_variance)). In two passes, so that a large mean does not swallow a small deviation.
template <class T>
void pool_moments(const T* x, std::int64_t rows, std::int64_t channels, float least_variance,
                  float* mean, float* deviation);

/// The way back: dx from `moments` (means, then deviations) and their gradients. Where the bound on
/// the variance holds, its gradient is 0. `add`: to what dx is.
template <class T>
void unpool_moments(const T* x, T* dx, std::int64_t rows, std::int64_t channels,
                    float least_variance, const float* moments, const float* dmoments,
                    bool add = false);

}  // namespace twinear::nn
