// SPDX-License-Identifier: Apache-2.0
#include "report/principal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "base/threads.h"

namespace twinear {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Gram and Schmidt, twice for what rounding leaves. What has no direction of its own becomes 0.
void make_orthonormal(std::vector<Vector>& vectors) {
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const double before = std::sqrt(dot(vectors[i], vectors[i]));
    for (int twice = 0; twice < 2; ++twice)
      for (std::size_t j = 0; j < i; ++j) {
        const double along = dot(vectors[i], vectors[j]);
        for (std::size_t k = 0; k < vectors[i].size(); ++k) vectors[i][k] -= along * vectors[j][k];
      }
    const double length = std::sqrt(dot(vectors[i], vectors[i]));
    const double scale = length > 1e-9 * before ? 1 / length : 0;
    for (double& v : vectors[i]) v *= scale;
  }
}

std::vector<Vector> covariance(const std::vector<Vector>& centered) {
  const std::size_t d = centered[0].size();
  std::vector<Vector> result(d, Vector(d));
  parallel_for(d, [&](std::size_t i) {
    for (const Vector& row : centered)
      for (std::size_t j = 0; j < d; ++j)
        result[i][j] += row[i] * row[j] / static_cast<double>(centered.size());
  });
  return result;
}

}  // namespace

Principal principal_components(const Matrix& rows, std::size_t count) {
  const std::size_t n = rows.rows(), d = rows.cols();
  count = std::min({count, n, d});
  if (count == 0) return {};
  Vector mean(d);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t i = 0; i < d; ++i) mean[i] += rows.row(r)[i] / static_cast<double>(n);
  std::vector<Vector> centered(n, Vector(d));
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t i = 0; i < d; ++i) centered[r][i] = rows.row(r)[i] - mean[i];
  const auto spread = covariance(centered);

  std::vector<Vector> directions(count, Vector(d));
  Random random(0, Purpose::projection);
  for (auto& direction : directions)
    for (double& v : direction) v = random.normal();
  make_orthonormal(directions);
  Vector variance(count);
  for (int iteration = 0; iteration < 300; ++iteration) {
    double moved = 0;
    std::vector<Vector> next(count, Vector(d));
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t i = 0; i < d; ++i) next[c][i] = dot(spread[i], directions[c]);
      variance[c] = std::sqrt(dot(next[c], next[c]));
    }
    make_orthonormal(next);
    for (std::size_t c = 0; c < count; ++c) moved += 1 - std::abs(dot(next[c], directions[c]));
    directions = std::move(next);
    if (moved < 1e-12 * static_cast<double>(count)) break;
  }

  double whole = 0;
  for (std::size_t i = 0; i < d; ++i) whole += spread[i][i];
  Principal result{Matrix(n, count), Vector(count)};
  for (std::size_t c = 0; c < count; ++c) {
    const double largest =
        *std::ranges::max_element(directions[c], {}, [](double v) { return std::abs(v); });
    const double sign = largest < 0 ? -1 : 1;
    for (std::size_t r = 0; r < n; ++r)
      result.rows.row(r)[c] = static_cast<float>(sign * dot(centered[r], directions[c]));
    result.shares[c] = whole > 0 ? variance[c] / whole : 0;
  }
  return result;
}

}  // namespace twinear
