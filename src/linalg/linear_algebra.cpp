// SPDX-License-Identifier: Apache-2.0
#include "linalg/linear_algebra.h"

#include <algorithm>
#include <dnnl.hpp>
#include <stdexcept>

#include "base/simd.h"
#include "linalg/onednn.h"
#include "twinear/buffer.h"

namespace twinear::nn {

void multiply(const MatrixView& a, const MatrixView& b, const MutableMatrixView& c,
              Transpose transpose, bool add) {
  const bool ta = transpose == Transpose::first, tb = transpose == Transpose::second;
  const std::int64_t m = ta ? a.columns : a.rows, k = ta ? a.rows : a.columns;
  const std::int64_t n = tb ? b.rows : b.columns, k2 = tb ? b.columns : b.rows;
  if (k != k2 || c.rows != m || c.columns != n)
    throw std::invalid_argument("multiply: matrices that do not fit");
  sgemm(ta, tb, m, n, k, a.data, a.stride, b.data, b.stride, add, c.data, c.stride);
}

void multiply_rows(const NarrowMatrixView& a, const NarrowMatrixView& b,
                   const MutableMatrixView& c) {
  if (a.columns != b.columns || c.rows != a.rows || c.columns != b.rows)
    throw std::invalid_argument("multiply_rows: matrices that do not fit");
  using memory = dnnl::memory;
  constexpr auto narrow = memory::data_type::bf16;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::matmul::primitive_desc description(
      {{{a.rows, a.columns}, narrow, memory::dims{a.stride, 1}},
       {{b.columns, b.rows}, narrow, memory::dims{1, b.stride}},
       {{c.rows, c.columns}, memory::data_type::f32, memory::dims{c.stride, 1}}},
      attributes, cpu());
  execute(dnnl::matmul(description),  // from oneDNN's cache, where it was made before
          {{DNNL_ARG_SRC, view(description.src_desc(), a.data)},
           {DNNL_ARG_WEIGHTS, view(description.weights_desc(), b.data)},
           {DNNL_ARG_DST, view(description.dst_desc(), c.data)},
           {DNNL_ARG_SCRATCHPAD, scratchpad(description.scratchpad_desc())}});
}

namespace {

template <class T>
TWINEAR_SIMD void add_rows(const T* __restrict rows, std::int64_t count, std::int64_t columns,
                           float* __restrict sum) {
  for (std::int64_t r = 0; r < count; ++r, rows += columns)
    for (std::int64_t c = 0; c < columns; ++c) sum[c] += load(rows[c]);
}

}  // namespace

template <class T>
void sum_rows(const T* rows, std::int64_t count, std::int64_t columns, float* sum) {
  std::fill_n(sum, columns, 0.0F);
  add_rows(rows, count, columns, sum);
}
template void sum_rows(const float*, std::int64_t, std::int64_t, float*);
template void sum_rows(const BFloat16*, std::int64_t, std::int64_t, float*);

}  // namespace twinear::nn
