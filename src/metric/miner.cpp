// SPDX-License-Identifier: Apache-2.0
#include "twinear/miner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "base/random.h"
#include "base/threads.h"
#include "metric/groups.h"

namespace twinear {
namespace {

/// Every pair in (first, second) order.
std::vector<Pair> all_pairs(const LossBatch& batch) {
  const std::span<const int> labels = batch.labels();
  const std::size_t anchors = batch.anchors();
  std::vector<Pair> pairs;
  pairs.reserve(anchors * (2 * labels.size() - anchors) / 2);
  for (std::uint32_t i = 0; i < anchors; ++i)
    for (std::uint32_t j = i + 1; j < labels.size(); ++j)
      pairs.push_back({i, j, labels[i] == labels[j] ? PairLabel::same : PairLabel::different});
  return pairs;
}

bool is_same(const Pair& pair) { return pair.label == PairLabel::same; }

/// As many different pairs as same ones, each subset as likely (Knuth's algorithm S).
std::vector<Pair> balanced_pairs(const LossBatch& batch, const MiningOptions& options) {
  std::vector<Pair> pairs = all_pairs(batch);
  Random random(options.seed, Purpose::pair, static_cast<std::uint32_t>(batch.number()));
  auto wanted = static_cast<std::size_t>(std::ranges::count_if(pairs, is_same));
  std::size_t left = pairs.size() - wanted;
  std::erase_if(pairs, [&](const Pair& pair) {
    if (is_same(pair)) return false;
    if (random.below(left--) >= wanted) return true;
    --wanted;
    return false;
  });
  return pairs;
}

/// As many different pairs as same ones, the nearest; ties go to the lowest rows.
std::vector<Pair> nearest_pairs(const LossBatch& batch, const MiningOptions&) {
  std::vector<Pair> pairs = all_pairs(batch);
  const DistanceTable d = batch.distances(Distance::euclidean);
  const auto first = std::stable_partition(pairs.begin(), pairs.end(), is_same);
  const auto wanted = std::min(first - pairs.begin(), pairs.end() - first);
  const auto rank = [&](const Pair& p) {  // what is not a number comes last
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return std::tuple(std::fmin(d(p.first, p.second), infinity), p.first, p.second);
  };
  std::ranges::nth_element(first, first + wanted, pairs.end(), {}, rank);
  pairs.erase(first + wanted, pairs.end());
  std::ranges::sort(pairs, {}, [](const Pair& p) { return std::pair(p.first, p.second); });
  return pairs;
}

/// The row with the smallest value of `key` among those that `wanted` names, the lowest in a tie.
template <class Wanted, class Key>
std::optional<std::uint32_t> lowest(std::size_t rows, const Wanted& wanted, const Key& key) {
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < rows; ++i)
    if (wanted(i) && (!found || key(i) < key(*found))) found = i;
  return found;
}

/// Makes the triplets of one anchor in the order of their positives.
class Anchor {
 public:
  Anchor(const LossBatch& batch, const MiningOptions& options, std::size_t row,
         std::span<const double> distance)
      : batch_(batch),
        options_(options),
        row_(static_cast<std::uint32_t>(row)),
        labels_(batch.labels()),
        distance_(distance) {}

  std::vector<Triplet> hard() const {
    const auto positive = lowest(
        labels_.size(), [&](auto i) { return is_positive(i); },
        [&](auto i) { return -distance_[i]; });
    const auto negative = lowest(
        labels_.size(), [&](auto i) { return is_negative(i); },
        [&](auto i) { return distance_[i]; });
    if (!positive || !negative) return {};
    return {{row_, *positive, *negative}};
  }

  std::vector<Triplet> semi_hard() const {
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size(); ++p) {
      if (!is_positive(p)) continue;
      const double near = distance_[p], far = near + options_.margin;
      const auto negative = lowest(
          labels_.size(),
          [&](auto i) { return is_negative(i) && near < distance_[i] && distance_[i] < far; },
          [&](auto i) { return distance_[i]; });
      if (negative) triplets.push_back({row_, p, *negative});
    }
    return triplets;
  }

  std::vector<Triplet> drawn() const {
    Random random = draws();
    std::vector<std::uint32_t> negatives;
    for (std::uint32_t n = 0; n < labels_.size(); ++n)
      if (is_negative(n)) negatives.push_back(n);
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size() && !negatives.empty(); ++p)
      if (is_positive(p)) triplets.push_back({row_, p, negatives[random.below(negatives.size())]});
    return triplets;
  }

  std::vector<Triplet> weighted() const {
    const auto [negatives, sums] = weights(static_cast<double>(batch_.embeddings().cols()));
    Random random = draws();
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size() && !negatives.empty(); ++p) {
      if (!is_positive(p)) continue;
      const auto drawn = std::ranges::upper_bound(sums, random.uniform(0, sums.back()));
      triplets.push_back({row_, p, negatives[static_cast<std::size_t>(drawn - sums.begin())]});
    }
    return triplets;
  }

 private:
  Random draws() const {
    return {options_.seed, Purpose::negative, static_cast<std::uint32_t>(batch_.number()), row_};
  }

  /// The negatives that may be drawn, and the running sums of their weights.
  std::pair<std::vector<std::uint32_t>, std::vector<double>> weights(double width) const {
    // q(d) ~ d^(width - 2) (1 - d^2 / 4)^((width - 3) / 2); 1/q spans hundreds of decades, so the
    // largest is taken out of it before it leaves the logarithm.
    constexpr double near = 0.5, far = 1.4;
    std::vector<std::uint32_t> negatives;
    std::vector<double> weights;
    for (std::uint32_t n = 0; n < labels_.size(); ++n) {
      if (!is_negative(n) || !(distance_[n] < far)) continue;
      const double d = std::max(distance_[n], near);
      negatives.push_back(n);
      weights.push_back((2 - width) * std::log(d) + (3 - width) / 2 * std::log1p(-d * d / 4));
    }
    if (weights.empty()) return {};
    const double max = std::ranges::max(weights);
    for (double& w : weights) w = std::exp(w - max);
    std::partial_sum(weights.begin(), weights.end(), weights.begin());
    return {negatives, weights};
  }

  bool is_positive(std::uint32_t i) const { return i != row_ && labels_[i] == labels_[row_]; }
  bool is_negative(std::uint32_t i) const { return labels_[i] != labels_[row_]; }

  const LossBatch& batch_;
  const MiningOptions& options_;
  std::uint32_t row_;
  std::span<const int> labels_;
  std::span<const double> distance_;
};

using TripletMiner = MinerKind<Triplet>;

/// The miner that makes each anchor's triplets, in parallel, from the distances that the options
/// name, or from `distance`.
TripletMiner by_anchor(std::string name, std::string summary,
                       std::vector<Triplet> (Anchor::*mine)() const,
                       std::optional<Distance> distance = {}) {
  const auto all = [=](const LossBatch& batch, const MiningOptions& options) {
    const DistanceTable d = batch.distances(distance.value_or(options.distance));
    std::vector<std::vector<Triplet>> of_anchor(d.rows);
    parallel_for(d.rows, [&](std::size_t a) {
      of_anchor[a] = (Anchor(batch, options, a, d.row(a)).*mine)();
    });
    std::vector<Triplet> triplets;
    for (const auto& some : of_anchor) triplets.insert(triplets.end(), some.begin(), some.end());
    return triplets;
  };
  return {std::move(name), std::move(summary), all};
}

std::vector<TripletMiner> built_in_triplet_miners() {
  return {
      {"batch-all", "every valid triplet", {}},
      by_anchor("batch-hard",
                "each anchor with its farthest positive and nearest negative (Hermans et al. 2017)",
                &Anchor::hard),
      by_anchor("semi-hard",
                "each anchor and positive with the nearest negative that is farther than the "
                "positive, but by less than the margin (Schroff et al. 2015)",
                &Anchor::semi_hard),
      by_anchor(
          "distance-weighted",
          "each anchor and positive with a negative drawn so that all Euclidean distances between "
          "0.5 and 1.4 are alike on a sphere (Wu et al. 2017)",
          &Anchor::weighted, Distance::euclidean),
      by_anchor("random", "each anchor and positive with any negative, drawn", &Anchor::drawn),
  };
}

std::vector<MinerKind<Pair>> built_in_pair_miners() {
  return {{"all", "every pair",
           [](const LossBatch& batch, const MiningOptions&) { return all_pairs(batch); }},
          {"balanced", "every same pair, and as many different ones, drawn", balanced_pairs},
          {"hard", "every same pair, and as many different ones, the nearest", nearest_pairs}};
}

}  // namespace

Registry<MinerKind<Pair>>& pair_miners() {
  static Registry<MinerKind<Pair>> all("pair miner", built_in_pair_miners());
  return all;
}

Registry<MinerKind<Triplet>>& triplet_miners() {
  static Registry<MinerKind<Triplet>> all("triplet miner", built_in_triplet_miners());
  return all;
}

std::vector<Pair> mine_pairs(const LossBatch& batch, std::string_view miner,
                             const MiningOptions& options) {
  check_labels("mine_pairs", batch.embeddings(), batch.labels());
  return pair_miners().find(miner).mine(batch, options);
}

std::vector<Triplet> mine_triplets(const LossBatch& batch, std::string_view miner,
                                   const MiningOptions& options) {
  check_labels("mine_triplets", batch.embeddings(), batch.labels());
  const MinerKind<Triplet>& kind = triplet_miners().find(miner);
  if (!kind.mine)
    throw std::invalid_argument("mine_triplets: " + kind.name +
                                " makes no list; batch_all_triplet_loss() needs none");
  return kind.mine(batch, options);
}

}  // namespace twinear
