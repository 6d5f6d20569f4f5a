// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace twinear {

/// A matrix of numbers, row by row.
template <class T>
class MatrixOf {
 public:
  MatrixOf() = default;
  /// A matrix of zeros.
  MatrixOf(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), values_(rows * cols) {}
  /// A copy with another type of numbers.
  template <class U>
  explicit MatrixOf(const MatrixOf<U>& m)
      : rows_(m.rows()), cols_(m.cols()), values_(m.values().begin(), m.values().end()) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }

  std::span<T> row(std::size_t i) noexcept { return values().subspan(i * cols_, cols_); }
  std::span<const T> row(std::size_t i) const noexcept {
    return values().subspan(i * cols_, cols_);
  }
  T& operator()(std::size_t i, std::size_t j) noexcept { return values_[i * cols_ + j]; }
  T operator()(std::size_t i, std::size_t j) const noexcept { return values_[i * cols_ + j]; }
  std::span<T> values() noexcept { return values_; }
  std::span<const T> values() const noexcept { return values_; }

  /// A copy of `count` rows from row `first` on.
  MatrixOf part(std::size_t first, std::size_t count) const {
    MatrixOf rows(count, cols_);
    const auto from = values().subspan(first * cols_, count * cols_);
    rows.values_.assign(from.begin(), from.end());
    return rows;
  }

  bool operator==(const MatrixOf&) const = default;

 private:
  std::size_t rows_ = 0, cols_ = 0;
  std::vector<T> values_;
};

/// The frames of a clip, or the embeddings of a batch.
using Matrix = MatrixOf<float>;

}  // namespace twinear
