// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numeric>
#include <span>

#include "linalg/table.h"

namespace twinear {

enum class Transpose { none, first, second };

/// The matrix product a b, either factor transposed. Parallel, and equal at any number of threads.
/// In double where it is small, by oneDNN in float from large_product multiply-adds on: a loss over
/// thousands of classes or clips is then right to about 1e-6.
Table product(const Table& a, const Table& b, Transpose transpose = Transpose::none);
inline constexpr std::size_t large_product = std::size_t{1} << 24U;

inline double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace twinear
