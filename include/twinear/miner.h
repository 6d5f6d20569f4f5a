// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twinear/loss_batch.h"
#include "twinear/matrix.h"
#include "twinear/registry.h"

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

/// What mining is told beside the batch.
struct MiningOptions {
  float margin = 0.3F;                      ///< of semi-hard triplets, in units of the distance
  Distance distance = Distance::euclidean;  ///< of batch-hard and semi-hard triplets
  std::uint64_t seed = 0;  ///< a draw depends on the seed, the batch's number and the anchor
};

/// A way to choose the pairs or triplets of a batch that are compared.
template <class Tuple>
struct MinerKind {
  std::string name;     ///< in a recipe: mining.kind
  std::string summary;  ///< a phrase for help and documentation, without a full stop
  /// Chooses from a batch that has labels. The result depends on the arguments alone, and is equal
  /// at any number of threads. An empty function means that the loss uses every valid tuple without
  /// a list of them.
  std::function<std::vector<Tuple>(const LossBatch&, const MiningOptions&)> mine;
};

/// The miners of the contrastive loss, by name: all, balanced, hard, and what a program added.
Registry<MinerKind<Pair>>& pair_miners();
/// The miners of the triplet loss, by name: batch-all, batch-hard, semi-hard, distance-weighted,
/// random, and what a program added.
Registry<MinerKind<Triplet>>& triplet_miners();

/// The pairs of a batch by a miner of pair_miners(). The built-in ones order them by (first,
/// second). Throws Error (config) for an unknown miner, std::invalid_argument unless there is a
/// label for each embedding.
std::vector<Pair> mine_pairs(const LossBatch& batch, std::string_view miner,
                             const MiningOptions& options = {});

/// The triplets of a batch by a miner of triplet_miners(). The built-in ones order them by (anchor,
/// positive); ties go to the lowest row; an anchor without positive or negative gives none. Memory
/// is O(anchors x rows). Embeddings need not be unit, except for distance-weighted. Throws as
/// mine_pairs(), and std::invalid_argument for batch-all, which makes no list.
std::vector<Triplet> mine_triplets(const LossBatch& batch, std::string_view miner,
                                   const MiningOptions& options = {});

/// The last embeddings of the batches before this one, as constants that pairs and triplets may be
/// made with (cross-batch memory, Wang et al. 2020).
class EmbeddingMemory {
 public:
  explicit EmbeddingMemory(std::size_t capacity) : capacity_(capacity) {}  ///< in rows

  /// Takes rows in; the oldest beyond the capacity are forgotten.
  void add(const Matrix& embeddings, std::span<const int> labels);

  /// The rows of a batch, then the remembered ones, the oldest first.
  Matrix with_memory(const Matrix& batch) const;
  /// The labels of with_memory(batch), from those of the batch.
  std::vector<int> with_memory(std::span<const int> labels) const;

  /// What a checkpoint needs to go on: nothing while the memory is empty. Labels are exact up to
  /// 2^24. restore() fills an empty memory with rows of `width`; it throws Error (format) for rows
  /// of another width.
  std::map<std::string, Matrix> state() const;
  void restore(const std::map<std::string, Matrix>& state, std::size_t width);

 private:
  std::size_t capacity_;
  std::vector<float> values_;
  std::vector<int> labels_;
};

}  // namespace twinear
