// SPDX-License-Identifier: Apache-2.0
// The losses of w cos + b in a softmax: angular prototypical and GE2E.
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "linalg/product.h"
#include "metric/cross_entropy.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

/// The cross-entropy of w cos + b; `cosines` becomes the slope along itself, and that along
/// `logit`, as logit_parameters() makes it, is added to it.
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

/// What the losses over w cos + b share: the learned w and b, and where they begin.
class CosineLogitLoss : public Loss {
 public:
  void keys(Fields& f) final {
    f.number({"scale", "", "first value of w in w cos + b"}, options_.scale, 0.01, 1000.0);
    f.number({"offset", "", "first value of b in w cos + b"}, options_.offset, -1000.0, 1000.0);
  }
  void begin(const LossContext&) final { logit_ = logit_parameters(options_); }
  double value_at_collapse(int labels, int) const final { return std::log(labels); }
  std::vector<LossParameters*> parameters() final { return {&logit_}; }

 protected:
  LossParameters logit_ = logit_parameters();

 private:
  LogitOptions options_;
};

class AngularPrototypicalLoss final : public CosineLogitLoss {
 public:
  BatchNeed needs() const override {
    return {2, "one clip of a label is the query, its others the prototype"};
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    return angular_prototypical_loss(batch.embeddings(), batch.labels(), logit_, gradient);
  }
};

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

LossParameters logit_parameters(const LogitOptions& options) {
  if (!(options.scale > 0))
    throw std::invalid_argument("logit_parameters: the scale must be above 0");
  LossParameters logit{Matrix(1, 2), Matrix(1, 2)};
  logit.value.row(0)[0] = std::log(options.scale);
  logit.value.row(0)[1] = options.offset;
  return logit;
}

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

LossKind angular_prototypical_loss_kind() {
  return loss_kind<AngularPrototypicalLoss>("angular-prototypical",
                                            "the cosine of a query to the prototypes of a batch's "
                                            "labels, in a softmax (Chung et al. 2020)");
}

LossKind ge2e_loss_kind() {
  return loss_kind<Ge2eLoss>("ge2e",
                             "the cosine of each clip to the centroids of a batch's labels, in a "
                             "softmax (Wan et al. 2018)");
}

}  // namespace twinear
