// SPDX-License-Identifier: Apache-2.0
#include "train/feature_store.h"

#include "base/threads.h"
#include "base/within.h"
#include "twinear/clip_features.h"

namespace twinear {

FeatureStore::FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, std::size_t budget,
                           const FeatureCache* cache)
    : clips_(clips), log_mel_(log_mel), cache_(cache), kept_(clips.size(), budget) {}

FeatureStore::FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, Augmenter& augmenter)
    : clips_(clips), log_mel_(log_mel), augmenter_(&augmenter), kept_(clips.size(), 0) {}

std::shared_ptr<const Matrix> FeatureStore::get(std::size_t clip, std::uint32_t epoch) {
  if (augmenter_ != nullptr) {
    const Waveform heard{log_mel_.front_end().sample_rate, (*augmenter_)(clip, epoch)};
    return within(clips_[clip].place(), [&] {
      return std::make_shared<const Matrix>(clip_features(heard, log_mel_).frames);
    });
  }
  return kept_.get(clip, [&] {
    return cache_ != nullptr ? cache_->read(clips_[clip])
                             : clip_features(clips_[clip], log_mel_).frames;
  });
}

void FeatureStore::visit(std::span<const std::size_t> which,
                         const std::function<void(std::size_t, const Matrix&)>& use) {
  parallel_for(which.size(), [&](std::size_t i) { use(i, *get(which[i])); });
}

}  // namespace twinear
