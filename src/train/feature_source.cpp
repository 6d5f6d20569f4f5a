// SPDX-License-Identifier: Apache-2.0
#include "train/feature_source.h"

#include <optional>

#include "augment/augmenter.h"
#include "base/cache.h"
#include "base/within.h"
#include "twinear/clip_features.h"

namespace twinear {
namespace {

/// Clips as augmentation changes them.
struct Augmented {
  Augmented(const Manifest& manifest, int sample_rate, const BatchOptions& options)
      : sources(read_augment_sources(options.augment)),
        augmenter(options.augment, manifest.clips, sources, sample_rate, options.seed,
                  options.cache_mb << 20U) {}
  AugmentSources sources;
  Augmenter augmenter;
};

}  // namespace

FeatureSource cached_features(std::span<const Clip> clips, const LogMel& log_mel,
                              std::size_t budget, const std::string& cache) {
  const auto kept = std::make_shared<Cache<Matrix>>(clips.size(), budget);
  std::optional<FeatureCache> on_disk;
  if (!cache.empty()) on_disk.emplace(cache, log_mel);
  return [=, &log_mel](std::size_t clip, std::uint32_t) {
    return kept->get(clip, [&] {
      return on_disk ? on_disk->read(clips[clip]) : clip_features(clips[clip], log_mel).frames;
    });
  };
}

SoundSource training_sounds(const Manifest& manifest, int sample_rate,
                            const BatchOptions& options) {
  const auto augmented = std::make_shared<Augmented>(manifest, sample_rate, options);
  return [=, &manifest, plain = !changes_sound(options.augment)](
             std::size_t clip, std::uint32_t epoch) -> std::shared_ptr<const Waveform> {
    if (plain && manifest.clips[clip].holds_features()) return {};
    return std::make_shared<const Waveform>(
        Waveform{sample_rate, augmented->augmenter(clip, epoch)});
  };
}

FeatureSource training_features(const Manifest& manifest, const LogMel& log_mel,
                                const BatchOptions& options) {
  if (!changes_sound(options.augment))
    return cached_features(manifest.clips, log_mel, options.cache_mb << 20U, options.feature_cache);
  return [&manifest, &log_mel,
          sounds = training_sounds(manifest, log_mel.front_end().sample_rate, options)](
             std::size_t clip, std::uint32_t epoch) {
    const auto changed = sounds(clip, epoch);
    return within(manifest.clips[clip].place(), [&] {
      return std::make_shared<const Matrix>(clip_features(*changed, log_mel).frames);
    });
  };
}

}  // namespace twinear
