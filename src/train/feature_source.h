// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "train/feature_cache.h"
#include "twinear/batch_loader.h"
#include "twinear/features.h"
#include "twinear/manifest.h"

namespace twinear {

/// The features of clips: computed when they are first asked for, and kept while `budget` bytes
/// hold them. What is computed is also kept in the folder `cache`, unless that is empty. The clips
/// and `log_mel` must outlive the source, which throws Error as clip_features does.
FeatureSource cached_features(std::span<const Clip> clips, const LogMel& log_mel,
                              std::size_t budget, const std::string& cache = {});

/// Gives the sound of a clip in an epoch, and nothing for a clip that is features.
using SoundSource =
    std::function<std::shared_ptr<const Waveform>(std::size_t clip, std::uint32_t epoch)>;

/// The sound that a loader with these options trains on, at `sample_rate`: of the clips as they
/// are, or what augmentation makes of it. The manifest must outlive the source.
SoundSource training_sounds(const Manifest& manifest, int sample_rate, const BatchOptions& options);

/// The features that a loader with these options trains on: of the clips as they are, or of what
/// augmentation makes of their sound, which is computed anew each time.
FeatureSource training_features(const Manifest& manifest, const LogMel& log_mel,
                                const BatchOptions& options);

}  // namespace twinear
