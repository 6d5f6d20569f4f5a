// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "linalg/table.h"

namespace twinear {

/// Rows x as unit vectors u = x / |x|, whose products are cosines. A row of zeros stays one: its
/// cosine to everything is 0, and nothing pulls at it.
class Directions {
 public:
  explicit Directions(Table rows);

  const Table& unit() const noexcept { return unit_; }

  /// The slope along the rows, from that along their directions: (g - u <u, g>) / |x|. Parallel,
  /// and equal at any number of threads, as the constructor is.
  Table slope(Table along_unit) const;

 private:
  Table unit_;
  std::vector<double> norms_;
};

}  // namespace twinear
