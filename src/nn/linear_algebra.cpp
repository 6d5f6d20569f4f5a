// SPDX-License-Identifier: Apache-2.0
#include "nn/linear_algebra.h"

#include <algorithm>
#include <dnnl.hpp>
#include <stdexcept>

#include "base/simd.h"

namespace twinear::nn {

void multiply(const MatrixView& a, const MatrixView& b, const MutableMatrixView& c,
              Transpose transpose, bool add) {
  const bool ta = transpose == Transpose::first, tb = transpose == Transpose::second;
  const std::int64_t m = ta ? a.columns : a.rows, k = ta ? a.rows : a.columns;
  const std::int64_t n = tb ? b.rows : b.columns, k2 = tb ? b.columns : b.rows;
  if (k != k2 || c.rows != m || c.columns != n)
    throw std::invalid_argument("multiply: matrices that do not fit");
  if (dnnl::sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0F, a.data, a.stride, b.data, b.stride,
                  add ? 1.0F : 0.0F, c.data, c.stride) != dnnl::status::success)
    throw std::runtime_error("multiply: oneDNN's sgemm failed");
}

TWINEAR_SIMD void sum_rows(const MatrixView& m, float* __restrict sum) {
  std::fill_n(sum, m.columns, 0.0F);
  for (std::int64_t r = 0; r < m.rows; ++r)
    for (std::int64_t c = 0; c < m.columns; ++c) sum[c] += m.data[r * m.stride + c];
}

}  // namespace twinear::nn
