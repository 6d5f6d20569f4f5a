// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// How often a label is in a batch.
enum class LabelDraw {
  balanced,      ///< each as often as any other
  proportional,  ///< as its number of clips
};

/// A P x K batch: `labels` labels, `clips` clips of each.
struct SamplerOptions {
  LabelDraw draw = LabelDraw::balanced;
  int labels = 32;  ///< P
  int clips = 4;    ///< K; a label with fewer clips repeats some (crops still differ)
  /// Share of the labels that are there because they are confused with another one of the batch;
  /// 0.9 at most.
  double hard = 0.0;
};

/// For each label the others, those most like it first; perhaps not all of them.
using Neighbors = std::vector<std::vector<int>>;

/// Draws P x K batches. Batch k is a pure function of the seed, k and the neighbors: every pass
/// over the labels visits each once in a new order (the P-remainder is left out), and no clip of a
/// label returns within a batch before all others of that label were taken. Where labels are not
/// drawn alike, there are no passes: each batch draws by weight, without replacement.
class Sampler {
 public:
  /// `weights` are of the labels, above 0; none: all are alike.
  /// Throws Error (config) where the manifest has fewer than P labels, or K < 2, or P < 2.
  Sampler(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed,
          std::vector<double> weights = {});

  /// Clip indices, label after label: clip i of the batch belongs to the (i / K)-th label drawn.
  /// With `neighbors`, a list of at least P or all others for each label, the last
  /// floor(hard P) labels are each the nearest of the i-th label, one after the other, that is not
  /// in the batch yet; without, all are drawn.
  std::vector<std::size_t> batch(std::uint64_t k, const Neighbors& neighbors = {}) const;

 private:
  std::vector<std::size_t> draw(std::uint64_t k, std::size_t count) const;

  std::vector<std::vector<std::size_t>> clips_of_;  // label -> clips
  SamplerOptions options_;
  std::uint64_t seed_;
  std::vector<double> weights_;  // empty where all are alike
};

}  // namespace twinear
