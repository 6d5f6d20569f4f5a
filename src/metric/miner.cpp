// SPDX-License-Identifier: Apache-2.0
#include "twinear/miner.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
std::vector<Pair> all_pairs(std::span<const int> labels) {
  std::vector<Pair> pairs;
  pairs.reserve(labels.size() * (labels.size() - 1) / 2);
  for (std::uint32_t i = 0; i < labels.size(); ++i)
    for (std::uint32_t j = i + 1; j < labels.size(); ++j)
      pairs.push_back({i, j, labels[i] == labels[j] ? PairLabel::same : PairLabel::different});
  return pairs;
}

bool is_same(const Pair& pair) { return pair.label == PairLabel::same; }

/// Leaves as many different pairs as same ones, each subset as likely (Knuth's algorithm S).
void keep_balanced(std::vector<Pair>& pairs, std::uint64_t seed) {
  auto wanted = static_cast<std::size_t>(std::ranges::count_if(pairs, is_same));
  std::size_t left = pairs.size() - wanted;
  Random random(seed, Purpose::pair);
  std::erase_if(pairs, [&](const Pair& pair) {
    if (is_same(pair)) return false;
    if (random.below(left--) >= wanted) return true;
    --wanted;
    return false;
  });
}

/// Leaves as many different pairs as same ones, the nearest; ties go to the lowest rows.
void keep_nearest(std::vector<Pair>& pairs, const Matrix& embeddings) {
  const PairTable d = distances(embeddings, Distance::euclidean);
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
  Anchor(std::uint32_t row, std::span<const int> labels, const PairTable& d)
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

 private:
  bool is_positive(std::uint32_t i) const { return i != row_ && labels_[i] == labels_[row_]; }
  bool is_negative(std::uint32_t i) const { return labels_[i] != labels_[row_]; }

  std::uint32_t row_;
  std::span<const int> labels_;
  std::span<const double> distance_;
};

}  // namespace

std::vector<Pair> mine_pairs(const Matrix& embeddings, std::span<const int> labels,
                             PairMining mining, std::uint64_t seed) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument("mine_pairs: one label per embedding");
  if (labels.empty()) return {};
  auto pairs = all_pairs(labels);
  if (mining == PairMining::balanced) keep_balanced(pairs, seed);
  if (mining == PairMining::hard) keep_nearest(pairs, embeddings);
  return pairs;
}

std::vector<Triplet> mine_triplets(const Matrix& embeddings, std::span<const int> labels,
                                   TripletMining mining, float margin, Distance distance) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument("mine_triplets: one label per embedding");
  if (mining == TripletMining::batch_all)
    throw std::invalid_argument("mine_triplets: batch_all is batch_all_triplet_loss's");

  const PairTable d = distances(embeddings, distance);
  std::vector<std::vector<Triplet>> by_anchor(labels.size());
  parallel_for(labels.size(), [&](std::size_t a) {
    const Anchor anchor(static_cast<std::uint32_t>(a), labels, d);
    by_anchor[a] = mining == TripletMining::batch_hard ? anchor.hard() : anchor.semi_hard(margin);
  });

  std::vector<Triplet> triplets;
  for (const auto& of_anchor : by_anchor)
    triplets.insert(triplets.end(), of_anchor.begin(), of_anchor.end());
  return triplets;
}

}  // namespace twinear
