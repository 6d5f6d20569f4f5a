// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "metric/distance.h"
#include "twinear/loss.h"

namespace twinear {

LossValue contrastive_loss(const Matrix& embeddings, std::span<const Pair> pairs, float margin,
                           Matrix& gradient) {
  check_gradient("contrastive_loss", embeddings, gradient);
  if (pairs.empty()) return {};
  const Table d = distances(embeddings, Distance::euclidean, gradient.rows());
  Table pull(d.rows(), d.cols());
  LossValue loss{.mean = 0, .tuples = pairs.size(), .active = 0};
  const double share = 1 / static_cast<double>(pairs.size());

  for (const auto& [first, second, label] : pairs) {
    if (first >= d.rows() || second >= d.cols())
      throw std::invalid_argument("contrastive_loss: a pair outside the batch");
    const double apart = d(first, second);
    // 1/2 d^2 and 1/2 max(0, margin - d)^2 have the slopes d and -max(0, margin - d).
    const double slope = label == PairLabel::same ? apart : std::min(0.0, apart - margin);
    if (slope == 0) continue;
    loss.mean += 0.5 * slope * slope * share;
    ++loss.active;
    pull(first, second) += slope * slope_factor(apart, Distance::euclidean);
  }
  add_gradient(embeddings, pull, share, gradient);
  return loss;
}

}  // namespace twinear
