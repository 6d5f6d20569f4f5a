// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// Rows seen along the directions in which they vary most (PCA), by orthogonal iteration. The sign
/// of a direction is that of its largest part.
struct Principal {
  Matrix rows;                 ///< a column each direction; fewer where rows or columns are fewer
  std::vector<double> shares;  ///< of the whole variance
};
Principal principal_components(const Matrix& rows, std::size_t count);

}  // namespace twinear
