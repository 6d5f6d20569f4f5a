// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// Rows along the directions in which they vary most (PCA).
struct Principal {
  Matrix rows;                 ///< a column for each direction
  std::vector<double> shares;  ///< the share of each direction in the variance, in [0, 1]
};

/// Computes `count` principal components, or as many as there are rows or columns. The sign of a
/// direction makes its largest element positive. Equal at any number of threads.
Principal principal_components(const Matrix& rows, std::size_t count);

}  // namespace twinear
