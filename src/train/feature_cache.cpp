// SPDX-License-Identifier: Apache-2.0
#include "train/feature_cache.h"

#include <utility>

#include "base/settings.h"
#include "features/front_end.h"
#include "linalg/onednn_info.h"
#include "twinear/clip_features.h"

namespace twinear {

FeatureCache::FeatureCache(std::string folder, const LogMel& log_mel)
    : log_mel_(log_mel),
      cache_(std::move(folder), to_json(log_mel.front_end()) + onednn_isa(),
             static_cast<std::size_t>(log_mel.front_end().mel_bins)) {}

Matrix FeatureCache::read(const Clip& clip) const {
  if (clip.path.empty() || clip.holds_features()) return clip_features(clip, log_mel_).frames;
  const DiskCache::Entry entry = cache_.entry(clip);
  if (auto features = entry.read()) return *std::move(features);
  Matrix features = clip_features(clip, log_mel_).frames;
  entry.write(features);
  return features;
}

}  // namespace twinear
