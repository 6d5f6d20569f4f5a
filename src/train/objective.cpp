// SPDX-License-Identifier: Apache-2.0
#include "train/objective.h"

#include <numbers>

namespace twinear {

LossValue mine_and_lose(const Objective& objective, const Matrix& embeddings,
                        std::span<const int> labels, std::uint64_t draw, Matrix& gradient) {
  if (objective.kind == "contrastive")
    return contrastive_loss(embeddings, mine_pairs(embeddings, labels, objective.pairs, draw),
                            objective.margin, gradient);
  const TripletOptions options{
      .form = objective.form, .margin = objective.margin, .distance = objective.distance};
  if (objective.triplets == TripletMining::batch_all)
    return batch_all_triplet_loss(embeddings, labels, options, objective.mean, gradient);
  return triplet_loss(
      embeddings,
      mine_triplets(embeddings, labels, objective.triplets, objective.margin, objective.distance),
      options, gradient);
}

double collapsed_loss(const Objective& objective) {
  if (objective.kind != "triplet") return 0;
  return objective.form == TripletForm::soft ? std::numbers::ln2
                                             : static_cast<double>(objective.margin);
}

}  // namespace twinear
