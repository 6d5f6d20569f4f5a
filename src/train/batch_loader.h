// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/threads.h"
#include "nn/tensor.h"
#include "train/feature_store.h"
#include "twinear/augment.h"
#include "twinear/manifest.h"
#include "twinear/sampler.h"
#include "twinear/trainer.h"

namespace twinear {

/// What a batch is like.
struct Batching {
  SamplerOptions sampler;
  std::uint64_t seed = 0;
  std::size_t frames = 0, bins = 0;  ///< of a crop
  AugmentOptions augment;            ///< of which the loader does the masks
  std::vector<double> label_weights = {};
  std::uint64_t batches_per_epoch = 1;  ///< each epoch hears clips in another way
  std::size_t ahead = 1;                ///< batches that are kept ready
};

/// Makes training batches ahead of the trainer, one after the other on the threads that are free:
/// P x K clips, a crop of each at a random place. Batch k is a pure function of seed, k and the
/// neighbors. A clip shorter than the crop is padded and masked.
class BatchLoader {
 public:
  /// Begins at batch `first`. `manifest` and `store` must outlive it.
  BatchLoader(const Manifest& manifest, const Batching& batching, FeatureStore& store,
              std::uint64_t first);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// What Sampler draws the batches from here on with; to be called where none is under way.
  void set_neighbors(Neighbors neighbors) { neighbors_ = std::move(neighbors); }
  /// Batches before `end` may be made, in the background.
  void load_until(std::uint64_t end);
  /// Waits for the next batch, taking part in the work, and moves it into `input`, whose shape is
  /// [P K, frames, bins]; the labels of its clips come back. Throws what reading a clip throws.
  std::vector<int> next(nn::Activation& input);

 private:
  struct Slot {
    nn::Buffer values;
    std::vector<std::int64_t> lengths;
    std::vector<int> labels;
    Background work;  // last: it must end before what it writes to
  };
  Slot& slot(std::uint64_t k) { return *slots_[k % slots_.size()]; }
  void begin_next();  // with the mutex held
  void load(std::uint64_t k);
  void hide(std::span<float> crop, std::size_t clip, std::uint32_t epoch) const;

  const Manifest& manifest_;
  Sampler sampler_;
  Batching batching_;
  FeatureStore& store_;
  Neighbors neighbors_;
  std::mutex mutex_;  // over what follows
  std::uint64_t taken_, next_, end_ = 0;
  bool busy_ = false;  // one batch at a time, so that the next is the first to be ready
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace twinear
