// SPDX-License-Identifier: Apache-2.0
#include "linalg/gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/lanes.h"
#include "linalg/onednn.h"

namespace twinear {
namespace {

/// Throws unless the m x k and k2 x n factors have a product of the shape of `c`.
void check_shapes(const char* where, std::int64_t m, std::int64_t k, std::int64_t k2,
                  std::int64_t n, const MutableMatrixView& c) {
  if (k != k2 || c.rows != m || c.columns != n)
    throw std::invalid_argument(
        fmt::format("{}: factors of {} x {} and {} x {} for a result of {} x {}", where, m, k, k2,
                    n, c.rows, c.columns));
}

template <class T>
TWINEAR_SIMD void add_rows(const T* __restrict rows, std::int64_t count, std::int64_t columns,
                           float* __restrict sum) {
  for (std::int64_t r = 0; r < count; ++r, rows += columns)
    for (std::int64_t c = 0; c < columns; ++c) sum[c] += nn::load(rows[c]);
}

}  // namespace

void multiply(const MatrixView& a, const MatrixView& b, const MutableMatrixView& c,
              Transpose transpose, bool add) {
  const bool ta = transpose == Transpose::first, tb = transpose == Transpose::second;
  const std::int64_t m = ta ? a.columns : a.rows, k = ta ? a.rows : a.columns;
  const std::int64_t n = tb ? b.rows : b.columns;
  check_shapes("multiply", m, k, tb ? b.columns : b.rows, n, c);
  const onednn::KernelScope scope;
  if (dnnl::sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0F, a.data, a.stride, b.data, b.stride,
                  add ? 1.0F : 0.0F, c.data, c.stride) != dnnl::status::success)
    throw std::runtime_error("multiply: oneDNN's sgemm failed");
}

void prepare_multiply() {
  const float one = 1;
  float product = 0;
  multiply({&one, 1, 1, 1}, {&one, 1, 1, 1}, {&product, 1, 1, 1});
}

void multiply_rows(const BFloat16View& a, const BFloat16View& b, const MutableMatrixView& c) {
  check_shapes("multiply_rows", a.rows, a.columns, b.columns, b.rows, c);
  using dnnl::memory;
  constexpr auto bf16 = memory::data_type::bf16;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::matmul::primitive_desc description(
      {{{a.rows, a.columns}, bf16, memory::dims{a.stride, 1}},
       {{b.columns, b.rows}, bf16, memory::dims{1, b.stride}},
       {{c.rows, c.columns}, memory::data_type::f32, memory::dims{c.stride, 1}}},
      attributes, onednn::cpu());
  onednn::execute(dnnl::matmul(description),  // from oneDNN's cache, where it was made before
                  {{DNNL_ARG_SRC, onednn::view(description.src_desc(), a.data)},
                   {DNNL_ARG_WEIGHTS, onednn::view(description.weights_desc(), b.data)},
                   {DNNL_ARG_DST, onednn::view(description.dst_desc(), c.data)},
                   {DNNL_ARG_SCRATCHPAD, onednn::scratchpad(description.scratchpad_desc())}});
}

template <class T>
void sum_rows(const T* rows, std::int64_t count, std::int64_t columns, float* sum) {
  std::fill_n(sum, columns, 0.0F);
  add_rows(rows, count, columns, sum);
}
template void sum_rows(const float*, std::int64_t, std::int64_t, float*);
template void sum_rows(const nn::BFloat16*, std::int64_t, std::int64_t, float*);

}  // namespace twinear
