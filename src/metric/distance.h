// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "twinear/matrix.h"
#include "twinear/miner.h"

namespace twinear {

/// A number for each two rows of a batch.
class PairTable {
 public:
  explicit PairTable(std::size_t rows) : rows_(rows), values_(rows * rows) {}

  std::size_t rows() const noexcept { return rows_; }
  std::span<double> row(std::size_t i) noexcept {
    return std::span(values_).subspan(i * rows_, rows_);
  }
  std::span<const double> row(std::size_t i) const noexcept {
    return std::span(values_).subspan(i * rows_, rows_);
  }
  double& operator()(std::size_t i, std::size_t j) noexcept { return values_[i * rows_ + j]; }
  double operator()(std::size_t i, std::size_t j) const noexcept { return values_[i * rows_ + j]; }

 private:
  std::size_t rows_;
  std::vector<double> values_;
};

/// How far apart each two rows are: symmetric, and exactly 0 between equal rows. Parallel, and
/// equal at any number of threads.
PairTable distances(const Matrix& embeddings, Distance distance);

/// The slope of a distance d(x, y) along x is this times (x - y). Between equal rows the Euclidean
/// distance has none, and 0 is taken.
double slope_factor(double distance, Distance kind);

/// Adds scale sum_j (pull(i, j) + pull(j, i)) (x_i - x_j) to each row i of `gradient`: what a loss
/// that pulls at distances does to embeddings. Parallel, and equal at any number of threads.
void add_gradient(const Matrix& embeddings, const PairTable& pull, double scale, Matrix& gradient);

/// Throws std::invalid_argument, `where` first, for a gradient of another shape than embeddings.
void check_gradient(const char* where, const Matrix& embeddings, const Matrix& gradient);

}  // namespace twinear
