// SPDX-License-Identifier: Apache-2.0
#include "metric/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/threads.h"

namespace twinear {

LossValue cross_entropy(Table& logits, std::span<const std::size_t> targets) {
  const std::size_t n = logits.rows();
  if (n == 0) return {};
  const double share = 1 / static_cast<double>(n);
  std::vector<double> losses(n);
  parallel_for(n, [&](std::size_t i) {
    const auto row = logits.row(i);
    const double max = std::ranges::max(row), target = row[targets[i]];
    for (double& v : row) v = std::exp(v - max);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    losses[i] = std::log(sum) + max - target;
    for (double& v : row) v *= share / sum;
    row[targets[i]] -= share;
  });
  return {
      .mean = share * std::accumulate(losses.begin(), losses.end(), 0.0), .tuples = n, .active = n};
}

}  // namespace twinear
