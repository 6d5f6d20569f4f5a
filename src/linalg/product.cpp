// SPDX-License-Identifier: Apache-2.0
#include "linalg/product.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include "base/lanes.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr std::size_t lanes = 32;          // columns of b that are worked on at once
constexpr std::size_t rows_per_task = 64;  // rows of a that share one copy of those columns

/// out[j] = sum_k a[k] block[k lanes + j]
TWINEAR_SIMD void multiply_block(std::span<const double> a, const double* block,
                                 std::array<double, lanes>& out) {
  std::array<double, lanes> sums{};
  for (const double factor : a) {
    for (std::size_t j = 0; j < lanes; ++j) sums[j] += factor * block[j];
    block += lanes;
  }
  out = sums;
}

Table transposed(const Table& m) {
  Table result(m.cols(), m.rows());
  parallel_for(m.cols(), [&](std::size_t j) {
    for (std::size_t i = 0; i < m.rows(); ++i) result(j, i) = m(i, j);
  });
  return result;
}

Table product_in_double(const Table& a, const Table& b) {
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
      multiply_block(a.row(i), block.data(), sums);
      std::copy_n(sums.begin(), width, &result(i, j));
    }
  });
  return result;
}

/// Makes the product in blocks, a task each; which blocks there are does not depend on threads.
Table product_in_float(const Table& a, const Table& b, Transpose transpose) {
  constexpr std::size_t block_rows = 64, block_cols = 512;
  const bool first = transpose == Transpose::first, second = transpose == Transpose::second;
  const std::vector<float> a_floats(a.values().begin(), a.values().end());
  const std::vector<float> b_floats(b.values().begin(), b.values().end());
  const std::size_t depth = first ? a.rows() : a.cols();
  Table result(first ? a.cols() : a.rows(), second ? b.rows() : b.cols());
  const std::size_t across = (result.cols() + block_cols - 1) / block_cols;
  const std::size_t down = (result.rows() + block_rows - 1) / block_rows;
  parallel_for(down * across, [&](std::size_t task) {
    const std::size_t i = task / across * block_rows, j = task % across * block_cols;
    const std::size_t rows = std::min(block_rows, result.rows() - i);
    const std::size_t cols = std::min(block_cols, result.cols() - j);
    std::vector<float> block(rows * cols);
    const auto view = [](auto* data, std::size_t n, std::size_t m, std::size_t stride) {
      return View<std::remove_pointer_t<decltype(data)>>{data, static_cast<std::int64_t>(n),
                                                         static_cast<std::int64_t>(m),
                                                         static_cast<std::int64_t>(stride)};
    };
    multiply(first ? view(&a_floats[i], depth, rows, a.cols())
                   : view(&a_floats[i * depth], rows, depth, depth),
             second ? view(&b_floats[j * depth], cols, depth, depth)
                    : view(&b_floats[j], depth, cols, b.cols()),
             view(block.data(), rows, cols, cols), transpose);
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(&block[r * cols], cols, &result(i + r, j));
  });
  return result;
}

}  // namespace

Table product(const Table& a, const Table& b, Transpose transpose) {
  const std::size_t other = transpose == Transpose::second ? b.rows() : b.cols();
  if (a.values().size() * other >= large_product) return product_in_float(a, b, transpose);
  if (transpose == Transpose::first) return product_in_double(transposed(a), b);
  if (transpose == Transpose::second) return product_in_double(a, transposed(b));
  return product_in_double(a, b);
}

}  // namespace twinear
