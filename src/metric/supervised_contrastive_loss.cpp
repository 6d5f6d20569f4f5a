// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/threads.h"
#include "linalg/product.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

/// The loss of row i, whose `logits` become the slope along them; 0 without positives.
double lose(std::size_t i, std::span<const int> labels, std::span<double> logits) {
  const auto positive = [&](std::size_t a) { return a != i && labels[a] == labels[i]; };
  std::size_t positives = 0;
  double wanted = 0;
  for (std::size_t a = 0; a < logits.size(); ++a)
    if (positive(a)) {
      ++positives;
      wanted += logits[a];
    }
  if (positives == 0) {
    std::ranges::fill(logits, 0.0);
    return 0;
  }
  const double share = 1 / static_cast<double>(positives);
  logits[i] = -std::numeric_limits<double>::infinity();
  const double max = std::ranges::max(logits);
  double sum = 0;
  for (double& v : logits) sum += v = std::exp(v - max);
  for (std::size_t a = 0; a < logits.size(); ++a)
    logits[a] = logits[a] / sum - (positive(a) ? share : 0);
  return std::log(sum) + max - wanted * share;
}

}  // namespace

LossValue supervised_contrastive_loss(const Matrix& embeddings, std::span<const int> labels,
                                      float temperature, Matrix& gradient) {
  constexpr const char* where = "supervised_contrastive_loss";
  check_batch(where, embeddings, labels, gradient);
  if (!(temperature > 0))
    throw std::invalid_argument(std::string(where) + ": the temperature must be above 0");
  std::size_t counted = 0;
  for (const Rows& rows : rows_by_label(where, labels, 1))
    if (rows.size() > 1) counted += rows.size();
  if (counted == 0) return {};
  const double share = 1 / static_cast<double>(counted),
               heat = 1 / static_cast<double>(temperature);

  const Directions row(Table{embeddings});
  Table logits = product(row.unit(), row.unit(), Transpose::second);
  std::vector<double> losses(logits.rows());
  parallel_for(logits.rows(), [&](std::size_t i) {
    for (double& v : logits.row(i)) v *= heat;
    losses[i] = lose(i, labels, logits.row(i));
    for (double& v : logits.row(i)) v *= heat * share;
  });
  LossValue loss{.mean = 0, .tuples = counted, .active = counted};
  for (const double v : losses) loss.mean += share * v;

  add_self_similarity_gradient(row, logits, gradient);
  return loss;
}

namespace {

class SupervisedContrastiveLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    f.number({"temperature", "", "divisor of the cosines"}, temperature_, 0.001, 100.0);
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    return supervised_contrastive_loss(batch.embeddings(), batch.labels(), temperature_, gradient);
  }
  double value_at_collapse(int labels, int clips) const override {
    return std::log(labels * clips - 1);
  }

 private:
  float temperature_ = 0.1F;
};

}  // namespace

LossKind supervised_contrastive_loss_kind() {
  return loss_kind<SupervisedContrastiveLoss>(
      "supcon",
      "the cosine of each clip to its label's others against that to all, in a softmax "
      "(Khosla et al. 2020)");
}

}  // namespace twinear
