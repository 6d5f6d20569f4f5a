// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "linalg/table.h"

namespace twinear {

/// Rows x as unit vectors u = x / |x|, whose products are cosines. A row of zeros stays zeros: its
/// cosines and its gradient are 0.
class Directions {
 public:
  explicit Directions(Table rows);

  const Table& unit() const noexcept { return unit_; }

  /// The slope along the rows, from that along their directions: (g - u <u, g>) / |x|. It and the
  /// constructor are parallel, and equal at any number of threads.
  Table slope(Table along_unit) const;

 private:
  Table unit_;
  std::vector<double> norms_;
};

}  // namespace twinear
