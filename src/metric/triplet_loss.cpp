// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/exponential.h"
#include "base/threads.h"
#include "metric/distance.h"
#include "metric/groups.h"
#include "metric/mined_loss.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

/// The loss of one triplet and its slope along slack = d(a,p) - d(a,n).
struct Push {
  double loss, slope;
};

Push push(double slack, const TripletOptions& options) {
  if (options.form == TripletForm::soft) return {softplus(slack), sigmoid(slack)};
  const double over = slack + options.margin;
  return over > 0 ? Push{over, 1} : Push{0, 0};
}

/// Adds the loss of a triplet to `sum` and its pull to `pull`.
void add(const Triplet& t, const DistanceTable& d, const TripletOptions& options, LossValue& sum,
         Table& pull) {
  const double positive = d(t.anchor, t.positive), negative = d(t.anchor, t.negative);
  const auto [loss, slope] = push(positive - negative, options);
  ++sum.tuples;
  if (slope == 0) return;
  ++sum.active;
  sum.mean += loss;
  pull(t.anchor, t.positive) += slope * slope_factor(positive, options.distance);
  pull(t.anchor, t.negative) -= slope * slope_factor(negative, options.distance);
}

/// Every valid triplet of one anchor.
LossValue add_anchor(std::uint32_t anchor, std::span<const int> labels, const DistanceTable& d,
                     const TripletOptions& options, Table& pull) {
  LossValue sum;
  std::vector<std::uint32_t> negatives;
  for (std::uint32_t n = 0; n < labels.size(); ++n)
    if (labels[n] != labels[anchor]) negatives.push_back(n);
  for (std::uint32_t p = 0; p < labels.size(); ++p)
    if (p != anchor && labels[p] == labels[anchor])
      for (const std::uint32_t n : negatives) add({anchor, p, n}, d, options, sum, pull);
  return sum;
}

/// Turns the sums over triplets into means over `count` of them.
LossValue mean_of(LossValue sum, std::size_t count, const Matrix& embeddings, const Table& pull,
                  Matrix& gradient) {
  if (count == 0) return sum;
  sum.mean /= static_cast<double>(count);
  add_gradient(embeddings, pull, 1 / static_cast<double>(count), gradient);
  return sum;
}

class TripletLoss final : public MinedLoss<Triplet> {
 public:
  TripletLoss() : MinedLoss(triplet_miners(), "batch-hard") {}

  void keys(Fields& f) override {
    f.number({"margin", "distance", "how much farther than a positive a negative must be"},
             margin_.full, 0.001, 4.0);
    fields(f, margin_);
    f.choice(
        {"form", "", "hinge: max(0, slack + margin); soft: ln(1 + exp(slack)), without margin"},
        form_, {"hinge", "soft"});
    f.choice({"mean", "", "what a batch-all mean is over: all triplets, or those with a loss"},
             mean_, {"all", "nonzero"});
    f.choice({"distance", "", "how two embeddings are held apart"}, distance_,
             {"euclidean", "squared", "cosine"});
  }

  double value_at_collapse(int, int) const override {
    return form_ == TripletForm::soft ? std::numbers::ln2 : static_cast<double>(margin_.now);
  }
  std::string collapse_advice() const override {
    return miner().name == "batch-hard" ? "mining.kind = \"semi-hard\"" : "";
  }

 private:
  LossValue lose(const LossBatch& batch, Matrix& gradient) const override {
    const TripletOptions options{.form = form_, .margin = margin_.now, .distance = distance_};
    if (!miner().mine) return batch_all_triplet_loss(batch, options, mean_, gradient);
    return triplet_loss(batch, mine(batch, distance_), options, gradient);
  }

  TripletForm form_ = TripletForm::hinge;
  TripletMean mean_ = TripletMean::nonzero;
  Distance distance_ = Distance::euclidean;
};

}  // namespace

LossKind triplet_loss_kind() {
  return loss_kind<TripletLoss>(
      "triplet",
      "triplets: a negative is farther than a positive by a margin (Schroff et al. 2015, "
      "Hermans et al. 2017)");
}

LossValue triplet_loss(const LossBatch& batch, std::span<const Triplet> triplets,
                       const TripletOptions& options, Matrix& gradient) {
  check_gradient("triplet_loss", batch, gradient);
  if (triplets.empty()) return {};
  const DistanceTable d = batch.distances(options.distance);
  Table pull(gradient.rows(), d.cols);
  LossValue sum;
  for (const auto& triplet : triplets) {
    if (triplet.anchor >= gradient.rows() || std::max(triplet.positive, triplet.negative) >= d.cols)
      throw std::invalid_argument("triplet_loss: a triplet names a row outside the batch");
    add(triplet, d, options, sum, pull);
  }
  return mean_of(sum, sum.tuples, batch.embeddings(), pull, gradient);
}

LossValue batch_all_triplet_loss(const LossBatch& batch, const TripletOptions& options,
                                 TripletMean mean, Matrix& gradient) {
  check_gradient("batch_all_triplet_loss", batch, gradient);
  check_labels("batch_all_triplet_loss", batch.embeddings(), batch.labels());
  const DistanceTable d = batch.distances(options.distance);
  Table pull(gradient.rows(), d.cols);  // anchor a writes row a
  std::vector<LossValue> by_anchor(gradient.rows());
  parallel_for(gradient.rows(), [&](std::size_t a) {
    by_anchor[a] = add_anchor(static_cast<std::uint32_t>(a), batch.labels(), d, options, pull);
  });

  LossValue sum;
  for (const auto& part : by_anchor) {
    sum.mean += part.mean;
    sum.tuples += part.tuples;
    sum.active += part.active;
  }
  const std::size_t count = mean == TripletMean::all ? sum.tuples : sum.active;
  return mean_of(sum, count, batch.embeddings(), pull, gradient);
}

}  // namespace twinear
