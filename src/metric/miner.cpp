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
#include "metric/distance.h"

namespace twinear {
namespace {

/// Every pair in (first, second) order.
std::vector<Pair> all_pairs(std::span<const int> labels, std::size_t anchors) {
  std::vector<Pair> pairs;
  pairs.reserve(anchors * (2 * labels.size() - anchors) / 2);
  for (std::uint32_t i = 0; i < anchors; ++i)
    for (std::uint32_t j = i + 1; j < labels.size(); ++j)
      pairs.push_back({i, j, labels[i] == labels[j] ? PairLabel::same : PairLabel::different});
  return pairs;
}

bool is_same(const Pair& pair) { return pair.label == PairLabel::same; }

/// Leaves as many different pairs as same ones, each subset as likely (Knuth's algorithm S).
void keep_balanced(std::vector<Pair>& pairs, Random random) {
  auto wanted = static_cast<std::size_t>(std::ranges::count_if(pairs, is_same));
  std::size_t left = pairs.size() - wanted;
  std::erase_if(pairs, [&](const Pair& pair) {
    if (is_same(pair)) return false;
    if (random.below(left--) >= wanted) return true;
    --wanted;
    return false;
  });
}

/// Leaves as many different pairs as same ones, the nearest; ties go to the lowest rows.
void keep_nearest(std::vector<Pair>& pairs, const Matrix& embeddings, std::size_t anchors) {
  const Table d = distances(embeddings, Distance::euclidean, anchors);
  const auto first = std::stable_partition(pairs.begin(), pairs.end(), is_same);
  const auto wanted = std::min(first - pairs.begin(), pairs.end() - first);
  const auto rank = [&](const Pair& p) {  // what is not a number comes last
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return std::tuple(std::fmin(d(p.first, p.second), infinity), p.first, p.second);
  };
  std::ranges::nth_element(first, first + wanted, pairs.end(), {}, rank);
  pairs.erase(first + wanted, pairs.end());
  std::ranges::sort(pairs, {}, [](const Pair& p) { return std::pair(p.first, p.second); });
}

/// The row of the least value of `key` among those that `wanted` names, the lowest in a tie.
template <class Wanted, class Key>
std::optional<std::uint32_t> lowest(std::size_t rows, const Wanted& wanted, const Key& key) {
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < rows; ++i)
    if (wanted(i) && (!found || key(i) < key(*found))) found = i;
  return found;
}

/// The triplets of one anchor in the order of their positives.
class Anchor {
 public:
  Anchor(std::uint32_t row, std::span<const int> labels, const Table& d)
      : row_(row), labels_(labels), distance_(d.row(row)) {}

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

  std::vector<Triplet> semi_hard(double margin) const {
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size(); ++p) {
      if (!is_positive(p)) continue;
      const double near = distance_[p], far = near + margin;
      const auto negative = lowest(
          labels_.size(),
          [&](auto i) { return is_negative(i) && near < distance_[i] && distance_[i] < far; },
          [&](auto i) { return distance_[i]; });
      if (negative) triplets.push_back({row_, p, *negative});
    }
    return triplets;
  }

  std::vector<Triplet> drawn(Random random) const {
    std::vector<std::uint32_t> negatives;
    for (std::uint32_t n = 0; n < labels_.size(); ++n)
      if (is_negative(n)) negatives.push_back(n);
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size() && !negatives.empty(); ++p)
      if (is_positive(p)) triplets.push_back({row_, p, negatives[random.below(negatives.size())]});
    return triplets;
  }

  std::vector<Triplet> weighted(std::size_t width, Random random) const {
    const auto [negatives, sums] = weights(static_cast<double>(width));
    std::vector<Triplet> triplets;
    for (std::uint32_t p = 0; p < labels_.size() && !negatives.empty(); ++p) {
      if (!is_positive(p)) continue;
      const auto drawn = std::ranges::upper_bound(sums, random.uniform(0, sums.back()));
      triplets.push_back({row_, p, negatives[static_cast<std::size_t>(drawn - sums.begin())]});
    }
    return triplets;
  }

 private:
  /// The negatives that may be drawn, and the running sums of their weights.
  std::pair<std::vector<std::uint32_t>, std::vector<double>> weights(double width) const {
    // q(d) ~ d^(width - 2) (1 - d^2 / 4)^((width - 3) / 2); 1/q spans hundreds of decades, so the
    // largest is taken out of it before it leaves the logarithm.
    constexpr double least = 0.5, far = 1.4;
    std::vector<std::uint32_t> negatives;
    std::vector<double> weights;
    for (std::uint32_t n = 0; n < labels_.size(); ++n) {
      if (!is_negative(n) || !(distance_[n] < far)) continue;
      const double d = std::max(distance_[n], least);
      negatives.push_back(n);
      weights.push_back((2 - width) * std::log(d) + (3 - width) / 2 * std::log1p(-d * d / 4));
    }
    if (weights.empty()) return {};
    const double most = std::ranges::max(weights);
    for (double& w : weights) w = std::exp(w - most);
    std::partial_sum(weights.begin(), weights.end(), weights.begin());
    return {negatives, weights};
  }

  bool is_positive(std::uint32_t i) const { return i != row_ && labels_[i] == labels_[row_]; }
  bool is_negative(std::uint32_t i) const { return labels_[i] != labels_[row_]; }

  std::uint32_t row_;
  std::span<const int> labels_;
  std::span<const double> distance_;
};

}  // namespace

std::vector<Pair> mine_pairs(const Matrix& embeddings, std::span<const int> labels,
                             PairMining mining, const MiningOptions& options) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument("mine_pairs: one label per embedding");
  const std::size_t anchors = std::min(options.anchors, labels.size());
  auto pairs = all_pairs(labels, anchors);
  if (mining == PairMining::balanced)
    keep_balanced(pairs, Random(options.seed, Purpose::pair, options.step));
  if (mining == PairMining::hard) keep_nearest(pairs, embeddings, anchors);
  return pairs;
}

std::vector<Triplet> mine_triplets(const Matrix& embeddings, std::span<const int> labels,
                                   TripletMining mining, const MiningOptions& options) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument("mine_triplets: one label per embedding");

  const bool weighted = mining == TripletMining::distance_weighted;
  const Table d = distances(embeddings, weighted ? Distance::euclidean : options.distance,
                            std::min(options.anchors, labels.size()));
  const auto mine = [&](std::uint32_t a) {
    const Anchor anchor(a, labels, d);
    switch (mining) {
      case TripletMining::batch_hard:
        return anchor.hard();
      case TripletMining::semi_hard:
        return anchor.semi_hard(options.margin);
      case TripletMining::distance_weighted:
        return anchor.weighted(embeddings.cols(),
                               Random(options.seed, Purpose::negative, options.step, a));
      case TripletMining::random:
        return anchor.drawn(Random(options.seed, Purpose::negative, options.step, a));
      case TripletMining::batch_all:
        break;
    }
    throw std::invalid_argument("mine_triplets: batch_all is batch_all_triplet_loss's");
  };
  std::vector<std::vector<Triplet>> by_anchor(d.rows());
  parallel_for(d.rows(),
               [&](std::size_t a) { by_anchor[a] = mine(static_cast<std::uint32_t>(a)); });

  std::vector<Triplet> triplets;
  for (const auto& of_anchor : by_anchor)
    triplets.insert(triplets.end(), of_anchor.begin(), of_anchor.end());
  return triplets;
}

}  // namespace twinear
