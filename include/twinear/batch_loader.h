// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "twinear/augment.h"
#include "twinear/feature_batch.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"
#include "twinear/sampler.h"
#include "twinear/teacher.h"

namespace twinear {

/// Gives the features of a clip in an epoch: one row for each frame, at least one. Clips are
/// counted as in the manifest. It is called by several threads at once.
using FeatureSource =
    std::function<std::shared_ptr<const Matrix>(std::size_t clip, std::uint32_t epoch)>;

/// Chooses the clips of batch number `number`, counted as in the manifest. It is called by any
/// thread, for one batch at a time, and ahead of training.
using DrawBatch = std::function<std::vector<std::size_t>(std::uint64_t number)>;

/// How clips become batches.
struct BatchOptions {
  SamplerOptions sampler = {};  ///< how many labels and clips a batch has
  double crop_seconds = 2.0;    ///< of each clip, at a random place; shorter clips are masked
  std::uint64_t seed = 0;       ///< of the sampler, the crops, the augmentation and the masks
  AugmentOptions augment = {};  ///< what clips go through; by default nothing
  std::vector<double> label_weights = {};  ///< of Sampler; none: all are alike
  /// Batches after which clips are augmented in another way; 0: as many as use each clip once.
  std::uint64_t batches_per_epoch = 0;
  int prefetch = 4;                ///< batches that are made ahead; no bit depends on it
  std::size_t cache_mb = 2048;     ///< MiB of features, or of sound to be augmented, kept in memory
  std::string feature_cache = {};  ///< folder of features kept from run to run; empty: none
  DrawBatch draw = {};             ///< chooses the clips in the sampler's place
  FeatureSource features = {};     ///< gives features in the place of the front end and `augment`,
                                   ///< whose masks still apply
  std::shared_ptr<const Teacher> teacher = {};  ///< fills FeatureBatch::teacher
};

/// Makes training batches ahead of their use, on the threads that are free. Each batch is a pure
/// function of the seed and its number (and of the neighbors that load_until() gave). Belongs to
/// one thread.
class BatchLoader {
 public:
  /// Begins with batch number `first` and makes those before `end`. The manifest must outlive it.
  /// Throws Error as Sampler, read_manifest (for the recordings of `augment`) and read_audio do.
  /// A teacher that hears the crop needs the sound: throws std::invalid_argument where
  /// BatchOptions::features hides it, and Error (config) where the front end's VAD cuts frames out.
  BatchLoader(const Manifest& manifest, const FrontEnd& front_end, BatchOptions options = {},
              std::uint64_t first = 0,
              std::uint64_t end = std::numeric_limits<std::uint64_t>::max());
  BatchLoader(BatchLoader&&) noexcept;
  BatchLoader& operator=(BatchLoader&&) noexcept;
  ~BatchLoader();

  /// Waits for the next batch, and takes part in the work of making it. The batch stays as it is
  /// until the next call. Throws what reading a clip throws, and std::logic_error where all batches
  /// up to the end were taken.
  const FeatureBatch& next();

  /// Moves the end, and gives the neighbors that Sampler draws the batches up to it with. To be
  /// called where all batches up to the end of before were taken.
  void load_until(std::uint64_t end, Neighbors neighbors = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
