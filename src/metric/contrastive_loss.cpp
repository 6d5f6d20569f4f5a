// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "metric/distance.h"
#include "metric/mined_loss.h"
#include "twinear/loss_functions.h"

namespace twinear {

namespace {

class ContrastiveLoss final : public MinedLoss<Pair> {
 public:
  ContrastiveLoss() : MinedLoss(pair_miners(), "all") {}

  void keys(Fields& f) override {
    f.number({"margin", "distance", "the distance from which different clips do not matter"},
             margin_.full, 0.001, 4.0);
    fields(f, margin_);
  }

 private:
  LossValue lose(const LossBatch& batch, Matrix& gradient) const override {
    return contrastive_loss(batch, mine(batch, Distance::euclidean), margin_.now, gradient);
  }
};

}  // namespace

LossKind contrastive_loss_kind() {
  return loss_kind<ContrastiveLoss>(
      "contrastive",
      "pairs: half the squared distance of equal labels, half the squared shortfall "
      "of the margin of different ones (Hadsell, Chopra, LeCun 2006)");
}

LossValue contrastive_loss(const LossBatch& batch, std::span<const Pair> pairs, float margin,
                           Matrix& gradient) {
  check_gradient("contrastive_loss", batch, gradient);
  if (pairs.empty()) return {};
  const DistanceTable d = batch.distances(Distance::euclidean);
  Table pull(gradient.rows(), d.cols);
  LossValue loss{.mean = 0, .tuples = pairs.size(), .active = 0};
  const double share = 1 / static_cast<double>(pairs.size());

  for (const auto& [first, second, label] : pairs) {
    if (first >= gradient.rows() || second >= d.cols)
      throw std::invalid_argument("contrastive_loss: a pair names a row outside the batch");
    const double apart = d(first, second);
    // 1/2 d^2 and 1/2 max(0, margin - d)^2 have the slopes d and -max(0, margin - d).
    const double slope = label == PairLabel::same ? apart : std::min(0.0, apart - margin);
    if (slope == 0) continue;
    loss.mean += 0.5 * slope * slope * share;
    ++loss.active;
    pull(first, second) += slope * slope_factor(apart, Distance::euclidean);
  }
  add_gradient(batch.embeddings(), pull, share, gradient);
  return loss;
}

}  // namespace twinear
