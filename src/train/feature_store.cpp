// SPDX-License-Identifier: Apache-2.0
#include "train/feature_store.h"

#include "base/threads.h"
#include "twinear/model.h"

namespace twinear {

FeatureStore::FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, std::size_t budget)
    : clips_(clips), log_mel_(log_mel), left_(budget), kept_(clips.size()) {}

void FeatureStore::visit(std::span<const std::size_t> which,
                         const std::function<void(std::size_t, const Matrix&)>& use) {
  parallel_for(which.size(), [&](std::size_t i) {
    auto& slot = kept_[which[i]];
    const Matrix* kept = nullptr;
    {
      const std::lock_guard lock(mutex_);
      kept = slot.get();
    }
    if (kept != nullptr) return use(i, *kept);
    auto features = std::make_unique<const Matrix>(read_features(clips_[which[i]], log_mel_));
    use(i, *features);
    const std::size_t bytes = features->values().size_bytes();
    const std::lock_guard lock(mutex_);
    if (slot != nullptr || bytes > left_) return;
    left_ -= bytes;
    slot = std::move(features);
  });
}

}  // namespace twinear
