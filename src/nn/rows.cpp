// SPDX-License-Identifier: Apache-2.0
#include "nn/rows.h"

namespace twinear::nn::rows {
namespace {

template <class T>
TWINEAR_SIMD void add_numbers(const T* __restrict x, T* __restrict y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) store(load(y[i]) + load(x[i]), y[i]);
}

template <class T>
TWINEAR_SIMD void add_rows(const T* __restrict x, T* __restrict y, std::size_t stride,
                           std::size_t width, std::size_t count) {
  for (std::size_t r = 0; r < count; ++r, x += width, y += stride)
    for (std::size_t c = 0; c < width; ++c) store(load(y[c]) + load(x[c]), y[c]);
}

}  // namespace

void add(const float* x, float* y, std::size_t n) { add_numbers(x, y, n); }
void add(const BFloat16* x, BFloat16* y, std::size_t n) { add_numbers(x, y, n); }

void add(const float* x, float* y, std::size_t stride, std::size_t width, std::size_t count) {
  add_rows(x, y, stride, width, count);
}
void add(const BFloat16* x, BFloat16* y, std::size_t stride, std::size_t width, std::size_t count) {
  add_rows(x, y, stride, width, count);
}

}  // namespace twinear::nn::rows
