// SPDX-License-Identifier: Apache-2.0
#include "metric/directions.h"

#include <cmath>
#include <utility>

#include "base/threads.h"
#include "linalg/product.h"

namespace twinear {

Directions::Directions(Table rows) : unit_(std::move(rows)), norms_(unit_.rows()) {
  parallel_for(unit_.rows(), [&](std::size_t i) {
    const auto row = unit_.row(i);
    norms_[i] = std::sqrt(dot(row, row));
    if (norms_[i] == 0) return;
    for (double& v : row) v /= norms_[i];
  });
}

Table Directions::slope(Table along_unit) const {
  parallel_for(unit_.rows(), [&](std::size_t i) {
    const auto u = unit_.row(i);
    const auto g = along_unit.row(i);
    const double along = dot(u, g), shrink = norms_[i] == 0 ? 0 : 1 / norms_[i];
    for (std::size_t k = 0; k < g.size(); ++k) g[k] = (g[k] - u[k] * along) * shrink;
  });
  return along_unit;
}

}  // namespace twinear
