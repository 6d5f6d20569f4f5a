// SPDX-License-Identifier: Apache-2.0
#include "metric/product.h"

#include <algorithm>
#include <array>

#include "base/simd.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr std::size_t lanes = 32;          // columns that one pass works on
constexpr std::size_t rows_per_task = 64;  // rows of a that share one copy of those columns

/// out[j] = sum_k a[k] block[k lanes + j]
TWINEAR_SIMD void multiply(std::span<const double> a, const double* block,
                           std::array<double, lanes>& out) {
  std::array<double, lanes> sums{};
  for (const double factor : a) {
    for (std::size_t j = 0; j < lanes; ++j) sums[j] += factor * block[j];
    block += lanes;
  }
  out = sums;
}

}  // namespace

Table product(const Table& a, const Table& b) {
  Table result(a.rows(), b.cols());
  const std::size_t chunks = (a.rows() + rows_per_task - 1) / rows_per_task;
  parallel_for((b.cols() + lanes - 1) / lanes * chunks, [&](std::size_t task) {
    const std::size_t j = task / chunks * lanes, width = std::min(lanes, b.cols() - j);
    std::vector<double> block(b.rows() * lanes);
    for (std::size_t k = 0; k < b.rows(); ++k)
      std::ranges::copy(b.row(k).subspan(j, width), &block[k * lanes]);
    const std::size_t begin = task % chunks * rows_per_task;
    std::array<double, lanes> sums;
    for (std::size_t i = begin; i < std::min(a.rows(), begin + rows_per_task); ++i) {
      multiply(a.row(i), block.data(), sums);
      std::copy_n(sums.begin(), width, result.row(i).begin() + static_cast<std::ptrdiff_t>(j));
    }
  });
  return result;
}

Table transposed(const Table& m) {
  Table result(m.cols(), m.rows());
  parallel_for(m.cols(), [&](std::size_t j) {
    for (std::size_t i = 0; i < m.rows(); ++i) result(j, i) = m(i, j);
  });
  return result;
}

}  // namespace twinear
