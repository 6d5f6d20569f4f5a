// SPDX-License-Identifier: Apache-2.0
// Loops over rows of channels that several layers need.
#pragma once

#include <algorithm>

#include "base/lanes.h"
#include "twinear/tensor.h"

namespace twinear::nn::rows {

/// Copies `width` channels of each row; the rows are from_stride and to_stride numbers apart.
template <class T>
void copy(const T* from, std::size_t from_stride, T* to, std::size_t to_stride, std::size_t width,
          std::size_t count) {
  for (std::size_t r = 0; r < count; ++r, from += from_stride, to += to_stride)
    std::copy_n(from, width, to);
}

/// y += x
void add(const float* x, float* y, std::size_t n);
void add(const BFloat16* x, BFloat16* y, std::size_t n);

/// Adds rows of `width` channels to `width` channels of rows that are `stride` numbers apart in y.
void add(const float* x, float* y, std::size_t stride, std::size_t width, std::size_t count);
void add(const BFloat16* x, BFloat16* y, std::size_t stride, std::size_t width, std::size_t count);

/// Gives an input that is added to the output the output's gradient, if it wants one.
template <class T>
void pass_gradient(const ActivationView<T>& y, const InputView<T>& x, const MicroBatch& batch) {
  if (!x.wants_gradient()) return;
  auto dx = x.gradient_of(batch);
  std::copy_n(y.gradient(batch.first), y.size(batch), dx.data());
}

}  // namespace twinear::nn::rows
