// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "linalg/product.h"
#include "metric/cosine_logit_loss.h"
#include "metric/cross_entropy.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {

LossValue ge2e_loss(const Matrix& embeddings, std::span<const int> labels, LossParameters& logit,
                    Matrix& gradient) {
  check_batch("ge2e_loss", embeddings, labels, gradient);
  const auto groups = rows_by_label("ge2e_loss", labels, 2);
  std::vector<std::size_t> own(labels.size());
  std::vector<Rows> companions(labels.size());  // those of the same label
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::size_t i : groups[g]) {
      own[i] = g;
      companions[i] = groups[g];
      std::erase(companions[i], i);
    }

  // A centroid's direction is that of the sum.
  const Directions row(Table{embeddings}), centroid(sums(embeddings, groups)),
      without(sums(embeddings, companions));
  Table cosines = product(row.unit(), centroid.unit(), Transpose::second);
  for (std::size_t i = 0; i < own.size(); ++i)
    cosines(i, own[i]) = dot(row.unit().row(i), without.unit().row(i));
  const LossValue loss = cosine_cross_entropy(cosines, own, logit);

  Table along_without(own.size(), embeddings.cols());
  std::vector<double> pull(own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    pull[i] = std::exchange(cosines(i, own[i]), 0);
    for (std::size_t k = 0; k < embeddings.cols(); ++k)
      along_without(i, k) = pull[i] * row.unit()(i, k);
  }
  Table along_row = product(cosines, centroid.unit());
  for (std::size_t i = 0; i < own.size(); ++i)
    for (std::size_t k = 0; k < embeddings.cols(); ++k)
      along_row(i, k) += pull[i] * without.unit()(i, k);
  add(row.slope(std::move(along_row)), gradient);
  add_to_groups(centroid.slope(product(cosines, row.unit(), Transpose::first)), groups, gradient);
  add_to_groups(without.slope(std::move(along_without)), companions, gradient);
  return loss;
}

namespace {

class Ge2eLoss final : public CosineLogitLoss {
 public:
  BatchNeed needs() const override {
    return {2, "a clip's own centroid is made of its label's other clips"};
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    return ge2e_loss(batch.embeddings(), batch.labels(), logit_, gradient);
  }
};

}  // namespace

LossKind ge2e_loss_kind() {
  return loss_kind<Ge2eLoss>("ge2e",
                             "the cosine of each clip to the centroids of a batch's labels, in a "
                             "softmax (Wan et al. 2018)");
}

}  // namespace twinear
