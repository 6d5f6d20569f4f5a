// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "augment/augmenter.h"
#include "base/cache.h"
#include "train/feature_cache.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear {

/// The features of a corpus: computed when first asked for, and kept while there is room.
class FeatureStore {
 public:
  /// Keeps at most `budget` bytes, and in `cache` whatever it computes, if there is one. All that
  /// is given must outlive it.
  FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, std::size_t budget,
               const FeatureCache* cache = nullptr);

  /// Features of what `augmenter` makes of the clips: computed each time, and never kept.
  FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, Augmenter& augmenter);

  /// The features of a clip, for any thread. Throws Error as clip_features does.
  std::shared_ptr<const Matrix> get(std::size_t clip, std::uint32_t epoch = 0);

  /// use(i, features of clips[which[i]]) for each i once, in parallel.
  void visit(std::span<const std::size_t> which,
             const std::function<void(std::size_t, const Matrix&)>& use);

 private:
  std::span<const Clip> clips_;
  const LogMel& log_mel_;
  const FeatureCache* cache_ = nullptr;
  Augmenter* augmenter_ = nullptr;
  Cache<Matrix> kept_;
};

}  // namespace twinear
