// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/threads.h"
#include "linalg/product.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss.h"

namespace twinear {
namespace {

/// Multi-similarity (Wang et al. 2019, equation 15), where S are cosines, and P_i and N_i the rows
/// of the same and of other labels that mining leaves: the mean over rows i of
///   ln(1 + sum over P_i of exp(-alpha (S_ik - lambda))) / alpha
/// + ln(1 + sum over N_i of exp(beta (S_ik - lambda))) / beta.
/// Mining leaves the positives that are less than epsilon nearer than the nearest negative, and the
/// negatives that are less than epsilon farther than the farthest positive.
class MultiSimilarityLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    f.number({"alpha", "", "how much more the farthest positives count"}, alpha_, 0.01, 200.0);
    f.number({"beta", "", "how much more the nearest negatives count"}, beta_, 0.01, 200.0);
    f.number({"lambda", "cosine", "threshold between same and different clips"}, lambda_, -1, 1);
    f.number({"epsilon", "cosine", "overlap of positives and negatives that mining leaves"},
             epsilon_, 0.0, 2.0);
  }

  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    const auto labels = batch.labels();
    check_batch("multi-similarity loss", batch.embeddings(), labels, gradient);
    if (labels.empty()) return {};
    const Directions row(Table{batch.embeddings()});
    Table cosines = product(row.unit(), row.unit(), Transpose::second);
    std::vector<double> losses(labels.size());
    parallel_for(labels.size(),
                 [&](std::size_t i) { losses[i] = lose(i, labels, cosines.row(i)); });

    const double share = 1 / static_cast<double>(labels.size());
    for (double& slope : cosines.values()) slope *= share;
    add_self_similarity_gradient(row, cosines, gradient);
    return {.mean = share * std::accumulate(losses.begin(), losses.end(), 0.0),
            .tuples = labels.size(),
            .active = labels.size() - static_cast<std::size_t>(std::ranges::count(losses, 0.0))};
  }

  double value_at_collapse(int labels, int clips) const override {
    if (epsilon_ == 0) return 0;
    return std::log1p((clips - 1) * std::exp(-alpha_ * (1 - lambda_))) / alpha_ +
           std::log1p((labels - 1) * clips * std::exp(beta_ * (1 - lambda_))) / beta_;
  }

 private:
  /// The loss of row i, whose cosines become the slopes along them.
  double lose(std::size_t i, std::span<const int> labels, std::span<double> cosines) const {
    double farthest = 2, nearest = -2;  // of the positives, of the negatives
    for (std::size_t k = 0; k < cosines.size(); ++k)
      if (labels[k] != labels[i])
        nearest = std::max(nearest, cosines[k]);
      else if (k != i)
        farthest = std::min(farthest, cosines[k]);

    double positives = 0, negatives = 0;
    for (std::size_t k = 0; k < cosines.size(); ++k) {
      const bool positive = labels[k] == labels[i];
      const bool left =
          positive ? cosines[k] < nearest + epsilon_ : cosines[k] > farthest - epsilon_;
      const double steep = positive ? -alpha_ : beta_;
      cosines[k] = k != i && left ? std::exp(steep * (cosines[k] - lambda_)) : 0;
      (positive ? positives : negatives) += cosines[k];
    }
    for (std::size_t k = 0; k < cosines.size(); ++k)
      cosines[k] /= labels[k] == labels[i] ? -(1 + positives) : 1 + negatives;
    return std::log1p(positives) / alpha_ + std::log1p(negatives) / beta_;
  }

  double alpha_ = 2, beta_ = 50, lambda_ = 0.5, epsilon_ = 0.1;
};

}  // namespace

LossKind multi_similarity_loss_kind() {
  return loss_kind<MultiSimilarityLoss>(
      "multi-similarity",
      "the cosines of each clip to positives and negatives, each weighted by all others of the "
      "batch (Wang et al. 2019)");
}

}  // namespace twinear
