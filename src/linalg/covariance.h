// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "linalg/table.h"

namespace twinear {

/// The mean of the rows; zeros where there is none.
std::vector<double> mean_row(const Matrix& rows);

/// The covariance of the rows about `mean`, divided by their number: a symmetric table, of zeros
/// where there is no row. Parallel, and equal at any number of threads.
Table covariance(const Matrix& rows, std::span<const double> mean);

/// The inverse of L, where L L' is a symmetric, positive definite table: lower triangular.
Table inverse_cholesky(const Table& symmetric);

/// Directions of a symmetric table, a unit vector in each row, and its value along each.
struct Eigenvectors {
  Table vectors;
  std::vector<double> values;  ///< not rising
};

/// The eigenvectors of the `count` largest eigenvalues; all where there are fewer. The sign of a
/// vector is that of its largest element, by magnitude: positive.
Eigenvectors largest_eigenvectors(const Table& symmetric, std::size_t count);

}  // namespace twinear
