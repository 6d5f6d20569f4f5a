// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
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
enum class Distance {
  euclidean,  ///< |a - b|
  squared,    ///< |a - b|^2
  cosine,     ///< 1 - <a, b> of unit rows, which is computed as |a - b|^2 / 2 of any rows
};

/// What mining is told beside the batch.
struct MiningOptions {
  float margin = 0.3F;                      ///< of semi-hard triplets, in units of the distance
  Distance distance = Distance::euclidean;  ///< of batch-hard and semi-hard triplets
  std::uint64_t seed = 0;                   ///< what is drawn depends on the seed and the step ...
  std::uint32_t step = 0;                   ///< ... and, with its distances, on the anchor alone
  /// Only the first rows are anchors, and the first of a pair: the batch, before an
  /// EmbeddingMemory's. By default, or where there are fewer rows, all are.
  std::size_t anchors = std::numeric_limits<std::size_t>::max();
};

/// Which pairs of a batch are compared.
enum class PairMining {
  all,       ///< every pair
  balanced,  ///< every same pair, and as many different ones, drawn from the seed
  hard,      ///< every same pair, and as many different ones: the nearest
};

/// The pairs of a batch, ordered by (first, second): equal at any number of threads.
std::vector<Pair> mine_pairs(const Matrix& embeddings, std::span<const int> labels,
                             PairMining mining, const MiningOptions& options = {});

/// Which triplets of a batch are compared.
enum class TripletMining {
  batch_all,   ///< every valid one (not returned as a list: see `batch_all_triplet_loss`)
  batch_hard,  ///< each anchor with its farthest positive and nearest negative (Hermans 2017)
  semi_hard,   ///< each anchor and positive with the nearest negative that is farther than the
               ///< positive but by less than the margin; none if there is none (Schroff 2015)
  distance_weighted,  ///< each anchor and positive with a negative drawn so that all Euclidean
                      ///< distances are alike on a sphere (Wu 2017): weight 1/q(d) of the anchor's
                      ///< negatives, d taken as at least 0.5, none from 1.4 on
  random,             ///< each anchor and positive with any negative, drawn: what mining is against
};

/// The triplets of a batch in (anchor, positive) order: equal at any number of threads. Ties go to
/// the lowest row. An anchor without positive or negative gives none. Memory is
/// O(anchors x rows); `embeddings` rows need not be unit, except for distance_weighted.
std::vector<Triplet> mine_triplets(const Matrix& embeddings, std::span<const int> labels,
                                   TripletMining mining, const MiningOptions& options = {});

/// The last embeddings of the batches before this one, as constants that pairs and triplets may be
/// made with (cross-batch memory, Wang et al. 2020).
class EmbeddingMemory {
 public:
  explicit EmbeddingMemory(std::size_t capacity) : capacity_(capacity) {}  ///< in rows

  /// Takes rows in; the oldest beyond the capacity are forgotten.
  void add(const Matrix& embeddings, std::span<const int> labels);

  /// The rows of a batch, then those kept, the oldest first; and their labels.
  Matrix behind(const Matrix& batch) const;
  /// Of the same rows.
  std::vector<int> behind(std::span<const int> labels) const;

 private:
  std::size_t capacity_;
  std::vector<float> values_;
  std::vector<int> labels_;
};

}  // namespace twinear
