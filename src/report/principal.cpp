// SPDX-License-Identifier: Apache-2.0
#include "report/principal.h"

#include <algorithm>

#include "base/vectors.h"
#include "linalg/covariance.h"

namespace twinear {

Principal principal_components(const Matrix& rows, std::size_t count) {
  count = std::min({count, rows.rows(), rows.cols()});
  if (count == 0) return {};
  const auto mean = mean_row(rows);
  const Table spread = covariance(rows, mean);
  const auto [directions, variances] = largest_eigenvectors(spread, count);
  double whole = 0;
  for (std::size_t i = 0; i < spread.rows(); ++i) whole += spread(i, i);

  Principal result{Matrix(rows.rows(), count), std::vector<double>(count)};
  std::vector<double> centered(rows.cols());
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    for (std::size_t i = 0; i < centered.size(); ++i) centered[i] = rows.row(r)[i] - mean[i];
    for (std::size_t c = 0; c < count; ++c)
      result.rows.row(r)[c] = static_cast<float>(dot(centered, directions.row(c)));
  }
  for (std::size_t c = 0; c < count; ++c)
    result.shares[c] = whole > 0 ? std::max(variances[c], 0.0) / whole : 0;
  return result;
}

}  // namespace twinear
