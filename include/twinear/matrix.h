// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace twinear {

/// A matrix of floats, row by row: the frames of a clip, or the embeddings of a batch.
class Matrix {
 public:
  Matrix() = default;
  /// A matrix of zeros.
  Matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), values_(rows * cols) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }

  std::span<float> row(std::size_t i) noexcept { return values().subspan(i * cols_, cols_); }
  std::span<const float> row(std::size_t i) const noexcept {
    return values().subspan(i * cols_, cols_);
  }
  std::span<float> values() noexcept { return values_; }
  std::span<const float> values() const noexcept { return values_; }

  bool operator==(const Matrix&) const = default;

 private:
  std::size_t rows_ = 0, cols_ = 0;
  std::vector<float> values_;
};

}  // namespace twinear
