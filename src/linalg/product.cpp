// SPDX-License-Identifier: Apache-2.0
#include "linalg/product.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/simd.h"
#include "base/threads.h"
#include "linalg/onednn.h"

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
      multiply(a.row(i), block.data(), sums);
      std::copy_n(sums.begin(), width, result.row(i).begin() + static_cast<std::ptrdiff_t>(j));
    }
  });
  return result;
}

/// A table's values in float, and where a part of it, or of what it is transposed, begins.
struct Narrow {
  explicit Narrow(const Table& m, bool is_transposed)
      : values(m.values().begin(), m.values().end()), stride(m.cols()), transposed(is_transposed) {}
  const float* at(std::size_t i, std::size_t j) const {
    return values.data() + (transposed ? j * stride + i : i * stride + j);
  }
  std::vector<float> values;
  std::size_t stride;
  bool transposed;
};

/// Each task makes a block of the result; which blocks there are does not depend on threads.
Table product_in_float(const Table& a, const Table& b, Transpose transpose) {
  constexpr std::size_t block_rows = 64, block_cols = 512;
  const Narrow first(a, transpose == Transpose::first), second(b, transpose == Transpose::second);
  const std::size_t depth = first.transposed ? a.rows() : a.cols();
  Table result(first.transposed ? a.cols() : a.rows(), second.transposed ? b.rows() : b.cols());
  const std::size_t across = (result.cols() + block_cols - 1) / block_cols;
  const std::size_t down = (result.rows() + block_rows - 1) / block_rows;
  parallel_for(down * across, [&](std::size_t task) {
    const std::size_t i = task / across * block_rows, j = task % across * block_cols;
    const std::size_t rows = std::min(block_rows, result.rows() - i);
    const std::size_t cols = std::min(block_cols, result.cols() - j);
    std::vector<float> block(rows * cols);
    const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    nn::sgemm(first.transposed, second.transposed, whole(rows), whole(cols), whole(depth),
              first.at(i, 0), whole(first.stride), second.at(0, j), whole(second.stride), false,
              block.data(), whole(cols));
    for (std::size_t r = 0; r < rows; ++r)
      std::copy_n(&block[r * cols], cols,
                  result.row(i + r).begin() + static_cast<std::ptrdiff_t>(j));
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
