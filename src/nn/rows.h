// SPDX-License-Identifier: Apache-2.0
// Loops over rows of channels that several layers need.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/lanes.h"
#include "twinear/buffer.h"

namespace twinear::nn {
namespace rows {

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

}  // namespace rows
}  // namespace twinear::nn
