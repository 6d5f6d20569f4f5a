// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numeric>
#include <span>

#include "metric/table.h"

namespace twinear {

/// The matrix product a b. Parallel, and equal at any number of threads.
Table product(const Table& a, const Table& b);

Table transposed(const Table& m);

inline double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace twinear
