// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace twinear {

/// The inner product of two vectors of equal length, of floats or doubles: each product in double,
/// summed from the first to the last.
template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// 1 / |v|, by which v is scaled to a unit vector; 0 for a vector of zeros, which stays one.
template <class V>
double inverse_norm(const V& v) {
  const double square = dot(v, v);
  return square > 0 ? 1 / std::sqrt(square) : 0;
}

/// The unit vector along v, in floats; zeros for a vector of zeros.
template <class V>
std::vector<float> unit(const V& v) {
  const double scale = inverse_norm(v);
  std::vector<float> result;
  result.reserve(v.size());
  for (const auto x : v) result.push_back(static_cast<float>(scale * static_cast<double>(x)));
  return result;
}

/// Adds the unit vector along v to a sum as long as v; nothing for a vector of zeros.
template <class V>
void add_unit(std::vector<double>& sum, const V& v) {
  const double scale = inverse_norm(v);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scale * static_cast<double>(v[i]);
}

}  // namespace twinear
