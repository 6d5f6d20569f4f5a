// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "twinear/fields.h"

namespace twinear::nn {

/// How a deviation is taken: sqrt(max(variance + eps, min_variance)), where the variance of T rows
/// is the sum of their squares over T, or over T - 1 where `unbiased` (and T > 1).
struct Deviation {
  float min_variance;
  bool unbiased = false;
  float eps = 0.0F;
  float share(std::size_t rows) const {
    return 1.0F / static_cast<float>(unbiased && rows > 1 ? rows - 1 : rows);
  }
};

/// The options of a layer that takes deviations, as files have them. min_variance = 0 means what
/// the layer does by default.
struct DeviationOptions {
  double min_variance = 0;
  bool unbiased = false;
  void min_variance_key(Fields& f) {
    f.number({"min_variance", "", "lower bound under a deviation's root; 0: the layer's own"},
             min_variance, 0, 1);
  }
  void keys(Fields& f) {
    min_variance_key(f);
    f.flag({"unbiased", "", "divide the sum of T squares by T - 1, not T"}, unbiased);
  }
  Deviation deviation(double default_min_variance) const {
    return {static_cast<float>(min_variance > 0 ? min_variance : default_min_variance), unbiased};
  }
};

/// Mean and deviation of each channel over the rows. Two passes, so that a large mean does not
/// swallow a small deviation.
template <class T>
void pool_moments(const T* x, std::size_t rows, std::size_t channels, const Deviation& how,
                  float* mean, float* deviation);

/// The way back: dx from `moments` (means, then deviations) and their gradients. Where the bound on
/// the variance holds, the deviation's gradient is 0. With `add`, the result is added to dx.
template <class T>
void unpool_moments(const T* x, T* dx, std::size_t rows, std::size_t channels, const Deviation& how,
                    const float* moments, const float* dmoments, bool add = false);

}  // namespace twinear::nn
