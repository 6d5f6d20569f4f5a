// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// Rows of doubles: distances, cosines, logits and the slopes along them.
class Table {
 public:
  Table(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), values_(rows * cols) {}
  explicit Table(const Matrix& m)
      : rows_(m.rows()), cols_(m.cols()), values_(m.values().begin(), m.values().end()) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }

  std::span<double> row(std::size_t i) noexcept { return values().subspan(i * cols_, cols_); }
  std::span<const double> row(std::size_t i) const noexcept {
    return values().subspan(i * cols_, cols_);
  }
  std::span<double> values() noexcept { return values_; }
  std::span<const double> values() const noexcept { return values_; }
  double& operator()(std::size_t i, std::size_t j) noexcept { return values_[i * cols_ + j]; }
  double operator()(std::size_t i, std::size_t j) const noexcept { return values_[i * cols_ + j]; }

 private:
  std::size_t rows_, cols_;
  std::vector<double> values_;
};

}  // namespace twinear
