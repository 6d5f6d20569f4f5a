// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace twinear {

/// Adds the row, made a unit vector; a zero vector stays one.
inline void add_unit(std::vector<double>& sum, std::span<const float> row) {
  double square = 0;
  for (const float v : row) square += static_cast<double>(v) * v;
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scale * row[i];
}

/// The unit vector along a sum of such rows: their mean, as an enrollment is compared.
inline std::vector<float> unit(const std::vector<double>& v) {
  const double square = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  std::vector<float> result(v.size());
  std::ranges::transform(v, result.begin(),
                         [&](double x) { return static_cast<float>(scale * x); });
  return result;
}

}  // namespace twinear
