// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include "linalg/product.h"
#include "metric/cross_entropy.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {

LossValue prototypical_loss(const Matrix& embeddings, std::span<const int> labels,
                            const PrototypicalOptions& options, Matrix& gradient) {
  constexpr const char* where = "prototypical_loss";
  check_batch(where, embeddings, labels, gradient);
  if (options.shots < 1) throw std::invalid_argument("prototypical_loss: shots must be at least 1");
  std::vector<Rows> supports, queries;
  std::vector<std::size_t> own;
  for (const Rows& rows :
       rows_by_label(where, labels, static_cast<std::size_t>(options.shots) + 1)) {
    const auto first_query = rows.begin() + options.shots;
    for (auto row = first_query; row != rows.end(); ++row) {
      queries.push_back({*row});
      own.push_back(supports.size());
    }
    supports.emplace_back(rows.begin(), first_query);
  }
  Table prototype = sums(embeddings, supports);
  for (double& v : prototype.values()) v /= options.shots;
  const Table query = sums(embeddings, queries);

  // -|q - c|^2 without |q|^2, which is the same for all prototypes, is 2 <q, c> - |c|^2.
  const double scale = options.scale;
  Table logits = product(query, prototype, Transpose::second);
  for (std::size_t c = 0; c < prototype.rows(); ++c) {
    const double square = dot(prototype.row(c), prototype.row(c));
    for (std::size_t q = 0; q < logits.rows(); ++q)
      logits(q, c) = scale * (2 * logits(q, c) - square);
  }
  const LossValue loss = cross_entropy(logits, own);

  Table along_query = product(logits, prototype);  // 2 scale c
  Table along_support = product(logits, query, Transpose::first);
  for (std::size_t c = 0; c < prototype.rows(); ++c) {  // 2 scale (q - c) / shots
    double all = 0;
    for (std::size_t q = 0; q < logits.rows(); ++q) all += logits(q, c);
    for (std::size_t k = 0; k < prototype.cols(); ++k)
      along_support(c, k) =
          2 * scale * (along_support(c, k) - all * prototype(c, k)) / options.shots;
  }
  for (double& v : along_query.values()) v *= 2 * scale;
  add_to_groups(along_query, queries, gradient);
  add_to_groups(along_support, supports, gradient);
  return loss;
}

namespace {

class PrototypicalLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    f.whole({"shots", "clips", "clips of each label that support it; the others are queries"},
            options_.shots, 1, 65535);
    f.number({"scale", "", "factor of the squared distance"}, options_.scale, 0.01, 1000.0);
  }
  BatchNeed needs() const override {
    return {options_.shots + 1, "shots clips support a label, and at least one asks for it"};
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    return prototypical_loss(batch.embeddings(), batch.labels(), options_, gradient);
  }
  double value_at_collapse(int labels, int) const override { return std::log(labels); }

 private:
  PrototypicalOptions options_;
};

}  // namespace

LossKind prototypical_loss_kind() {
  return loss_kind<PrototypicalLoss>(
      "prototypical",
      "the squared distance of queries to the prototypes of a batch's labels, in a "
      "softmax (Snell et al. 2017)");
}

}  // namespace twinear
