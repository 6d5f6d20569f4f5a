// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "nn/tensor.h"
#include "train/feature_store.h"
#include "twinear/dataset.h"
#include "twinear/trainer.h"

namespace twinear {

/// What a batch is like.
struct Batching {
  SamplerOptions sampler;
  std::uint64_t seed = 0;
  std::size_t frames = 0, bins = 0;  ///< of a crop
  AugmentOptions augment;            ///< of which the loader does the masks
};

/// Batches in an epoch: clips / (P K), at least one.
std::uint64_t steps_per_epoch(const Manifest& manifest, const SamplerOptions& sampler);

/// Makes training batches ahead of the trainer: P x K clips, a crop of each at a random place.
/// Batch k is a pure function of seed and k. A clip shorter than the crop is padded and masked.
class BatchLoader {
 public:
  /// `manifest` and `store` must outlive it.
  BatchLoader(const Manifest& manifest, const Batching& batching, FeatureStore& store);

  void start(std::uint64_t k);  ///< in the background
  /// Waits for the batch begun last and moves it into `input`, whose shape is
  /// [P K, frames, bins]; the labels of its clips come back.
  std::vector<int> finish(nn::Flow& input);

 private:
  void load(std::uint64_t k);
  void hide(std::span<float> crop, std::size_t clip, std::uint32_t epoch) const;

  const Manifest& manifest_;
  Sampler sampler_;
  Batching batching_;
  FeatureStore& store_;
  nn::Buffer values_;  // the batch under way
  std::vector<std::int64_t> lengths_;
  std::vector<int> labels_;
  Background background_;  // last: it must end before what it writes to
};

}  // namespace twinear
