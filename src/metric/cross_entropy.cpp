// SPDX-License-Identifier: Apache-2.0
#include "metric/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "base/threads.h"

namespace twinear {

LossParameters logit_parameters(const LogitOptions& options) {
  if (!(options.scale > 0))
    throw std::invalid_argument("logit_parameters: the scale must be above 0");
  LossParameters logit{Matrix(1, 2), Matrix(1, 2)};
  logit.value.row(0)[0] = std::log(options.scale);
  logit.value.row(0)[1] = options.offset;
  return logit;
}

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

LossValue cosine_cross_entropy(Table& cosines, std::span<const std::size_t> targets,
                               LossParameters& logit) {
  const auto ln_w_and_b = logit.value.values();
  if (ln_w_and_b.size() != 2 || logit.gradient.values().size() != 2)
    throw std::invalid_argument("a loss of w cos + b needs the parameters of logit_parameters()");
  const double w = std::exp(static_cast<double>(ln_w_and_b[0])), b = ln_w_and_b[1];
  Table logits = cosines;
  for (double& v : logits.values()) v = w * v + b;
  const LossValue loss = cross_entropy(logits, targets);

  double along_w = 0, along_b = 0;
  const auto slopes = logits.values(), at = cosines.values();
  for (std::size_t i = 0; i < at.size(); ++i) {
    along_w += slopes[i] * at[i];
    along_b += slopes[i];
    at[i] = w * slopes[i];
  }
  const auto to = logit.gradient.values();
  to[0] = static_cast<float>(to[0] + w * along_w);
  to[1] = static_cast<float>(to[1] + along_b);
  return loss;
}

}  // namespace twinear
