// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "twinear/matrix.h"
#include "twinear/miner.h"

namespace twinear {

/// Normal numbers; another stream, other numbers.
inline Matrix noise(std::size_t rows, std::size_t cols, std::uint32_t stream = 0) {
  Random random(3, Purpose::test, stream);
  Matrix m(rows, cols);
  for (float& v : m.values()) v = static_cast<float>(random.normal());
  return m;
}

inline void copy_row(Matrix& m, std::size_t from, std::size_t to) {
  for (std::size_t k = 0; k < m.cols(); ++k) m.row(to)[k] = m.row(from)[k];
}

/// P x K: `labels` labels with `clips` rows each.
inline std::vector<int> label_blocks(int labels, int clips) {
  std::vector<int> result;
  for (int i = 0; i < labels * clips; ++i) result.push_back(i / clips);
  return result;
}

/// The plain definition.
inline double distance(const Matrix& m, std::size_t i, std::size_t j, Distance kind) {
  double sum = 0;
  for (std::size_t k = 0; k < m.cols(); ++k) {
    const double difference = static_cast<double>(m.row(i)[k]) - static_cast<double>(m.row(j)[k]);
    sum += difference * difference;
  }
  if (kind == Distance::cosine) return sum / 2;
  return kind == Distance::squared ? sum : std::sqrt(sum);
}

/// Every valid triplet, which the library never lists.
inline std::vector<Triplet> every_triplet(const std::vector<int>& labels) {
  std::vector<Triplet> triplets;
  const auto n = static_cast<std::uint32_t>(labels.size());
  for (std::uint32_t a = 0; a < n; ++a)
    for (std::uint32_t p = 0; p < n; ++p)
      for (std::uint32_t k = 0; k < n; ++k)
        if (p != a && labels[p] == labels[a] && labels[k] != labels[a])
          triplets.push_back({a, p, k});
  return triplets;
}

}  // namespace twinear
