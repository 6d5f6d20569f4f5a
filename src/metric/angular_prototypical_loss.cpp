// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "linalg/product.h"
#include "metric/cosine_logit_loss.h"
#include "metric/cross_entropy.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {

LossValue angular_prototypical_loss(const Matrix& embeddings, std::span<const int> labels,
                                    LossParameters& logit, Matrix& gradient) {
  constexpr const char* where = "angular_prototypical_loss";
  check_batch(where, embeddings, labels, gradient);
  std::vector<Rows> queries, others;
  for (const Rows& rows : rows_by_label(where, labels, 2)) {
    queries.push_back({rows.front()});
    others.emplace_back(rows.begin() + 1, rows.end());
  }
  const Directions query(sums(embeddings, queries)), prototype(sums(embeddings, others));
  Table cosines = product(query.unit(), prototype.unit(), Transpose::second);
  std::vector<std::size_t> own(queries.size());
  std::iota(own.begin(), own.end(), std::size_t{0});
  const LossValue loss = cosine_cross_entropy(cosines, own, logit);

  add_to_groups(query.slope(product(cosines, prototype.unit())), queries, gradient);
  add_to_groups(prototype.slope(product(cosines, query.unit(), Transpose::first)), others,
                gradient);
  return loss;
}

namespace {

class AngularPrototypicalLoss final : public CosineLogitLoss {
 public:
  BatchNeed needs() const override {
    return {2, "one clip of a label is the query, its others the prototype"};
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    return angular_prototypical_loss(batch.embeddings(), batch.labels(), logit_, gradient);
  }
};

}  // namespace

LossKind angular_prototypical_loss_kind() {
  return loss_kind<AngularPrototypicalLoss>("angular-prototypical",
                                            "the cosine of a query to the prototypes of a batch's "
                                            "labels, in a softmax (Chung et al. 2020)");
}

}  // namespace twinear
