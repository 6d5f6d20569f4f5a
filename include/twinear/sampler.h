// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// How often each label is drawn.
enum class LabelDraw {
  balanced,      ///< Each label as often as any other.
  proportional,  ///< In proportion to its number of clips.
};

/// The composition of a P x K batch: P labels and K clips of each.
struct SamplerOptions {
  LabelDraw draw = LabelDraw::balanced;
  int labels = 32;  ///< P, at least 2.
  int clips = 4;    ///< K. A label with fewer clips repeats some; their crops still differ.
  /// Fraction of the labels, in [0, 0.9], that are drawn as hard negatives: the nearest neighbors
  /// of the other labels of the batch.
  double hard = 0.0;
};

/// For each label its most similar labels, the most similar one first. A list may be incomplete.
using Neighbors = std::vector<std::vector<int>>;

/// Draws P x K batches. Batch k is a pure function of the seed, k and the neighbors.
///
/// Each pass over the labels visits every label once in a new random order; labels that do not fill
/// a last batch are left out. Within a batch, no clip of a label repeats before all of its clips
/// are drawn. If labels have weights or are drawn in proportion to their clips, there are no
/// passes: each batch draws labels by weight without replacement. A clip without a label is drawn
/// like a label of one clip. Threads may share a sampler.
class Sampler {
 public:
  /// `weights` has a positive weight for each label, and then for each clip without one; if it is
  /// empty, all weights are equal. Throws Error (config) if P < 2, K < 1, or the manifest has fewer
  /// than P labels, and std::invalid_argument for another number of weights.
  Sampler(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed,
          std::vector<double> weights = {});

  /// The clips of batch k as P * K indices into the manifest, label after label: clip i belongs to
  /// the (i / K)-th label drawn. If `neighbors` is given, every clip has a label, and it has a list
  /// for each label, of at least P labels or of all others. The last floor(hard * P) labels are
  /// then hard negatives: the i-th of them is the nearest neighbor of the i-th label that is not in
  /// the batch yet.
  std::vector<std::size_t> batch(std::uint64_t k, const Neighbors& neighbors = {}) const;

 private:
  std::vector<std::size_t> draw(std::uint64_t k, std::size_t count) const;

  std::vector<std::vector<std::size_t>> clips_of_;  // the clips of each label
  SamplerOptions options_;
  std::uint64_t seed_;
  std::vector<double> weights_;  // of the labels; empty if all are equal
};

}  // namespace twinear
