// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/threads.h"
#include "nn/tensor.h"
#include "train/feature_store.h"
#include "twinear/dataset.h"

namespace twinear {

/// Makes training batches ahead of the trainer: P x K clips, a crop of each at a random place.
/// Batch k is a pure function of seed and k. A clip shorter than the crop is padded and masked.
class BatchLoader {
 public:
  /// `frames` is the length of a crop. `manifest` and `store` must outlive it.
  BatchLoader(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed,
              FeatureStore& store, std::size_t frames, std::size_t bins);

  void start(std::uint64_t k);  ///< in the background
  /// Waits for the batch begun last and moves it into `input`, whose shape is
  /// [P K, frames, bins]; the labels of its clips come back.
  std::vector<int> finish(nn::Flow& input);

 private:
  void load(std::uint64_t k);

  const Manifest& manifest_;
  Sampler sampler_;
  std::uint64_t seed_;
  FeatureStore& store_;
  std::size_t frames_, bins_;
  nn::Buffer values_;  // the batch under way
  std::vector<std::int64_t> lengths_;
  std::vector<int> labels_;
  Background background_;  // last: it must end before what it writes to
};

}  // namespace twinear
