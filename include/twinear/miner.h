// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// The seed of this project says y = 1 for similar pairs; Hadsell et al. (2006) say Y = 0.
/// The names cannot be confused.
enum class PairLabel : std::uint8_t { different = 0, same = 1 };

/// Two rows of a batch, first < second.
struct Pair {
  std::uint32_t first, second;
  PairLabel label;
  bool operator==(const Pair&) const = default;
};

/// Three rows of a batch: anchor and positive share a label, negative does not.
struct Triplet {
  std::uint32_t anchor, positive, negative;
  bool operator==(const Triplet&) const = default;
};

/// How two embeddings are held apart.
enum class Distance { euclidean, squared };

/// Which pairs of a batch are compared.
enum class PairMining {
  all,       ///< every pair
  balanced,  ///< every same pair, and as many different ones, drawn from the seed
  hard,      ///< every same pair, and as many different ones: the nearest
};

/// The pairs of a batch, ordered by (first, second): equal at any number of threads.
std::vector<Pair> mine_pairs(const Matrix& embeddings, std::span<const int> labels,
                             PairMining mining, std::uint64_t seed = 0);

/// Which triplets of a batch are compared.
enum class TripletMining {
  batch_all,   ///< every valid one (not returned as a list: see `batch_all_triplet_loss`)
  batch_hard,  ///< each anchor with its farthest positive and nearest negative (Hermans 2017)
  semi_hard,   ///< each anchor and positive with the nearest negative that is farther than the
               ///< positive but by less than the margin; none if there is none (Schroff 2015)
};

/// The batch-hard or semi-hard triplets in (anchor, positive) order: equal at any number of
/// threads. Ties go to the lowest row. An anchor without positive or negative gives none.
/// `margin` matters to semi_hard only. Memory is O(batch^2); `embeddings` rows need not be unit.
std::vector<Triplet> mine_triplets(const Matrix& embeddings, std::span<const int> labels,
                                   TripletMining mining, float margin, Distance distance);

}  // namespace twinear
