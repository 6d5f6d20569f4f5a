// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "augment/speed.h"
#include "base/cache.h"
#include "base/random.h"
#include "base/settings.h"
#include "twinear/augment.h"
#include "twinear/manifest.h"

namespace twinear {

/// Visits the keys of `[augment]` with their ranges.
void fields(Fields& f, AugmentOptions& options);

/// Throws Error (config) if the values of different keys contradict each other.
void check_augment(const AugmentOptions& options);

/// Whether any step changes the sound of clips. Masks change only their features.
bool changes_sound(const AugmentOptions& options);

/// With AugmentOptions::speed_labels, appends all clips once more for each speed, under labels of
/// their own ("ada at 90 %"). Otherwise returns the manifest unchanged.
Manifest with_speed_labels(Manifest manifest, const AugmentOptions& options);

/// The recordings that augmentation draws from.
struct AugmentSources {
  Manifest noises, responses;
};

/// Reads the manifests that `options` use. Throws Error as read_manifest does.
AugmentSources read_augment_sources(const AugmentOptions& options);

/// Gives training clips as randomly changed sound. Threads may share an object.
class Augmenter {
 public:
  /// `clips` are those of with_speed_labels(). They and `sources` must outlive this object, which
  /// caches at most `budget` bytes of sound. `sample_rate` is in Hz.
  Augmenter(const AugmentOptions& options, std::span<const Clip> clips,
            const AugmentSources& sources, int sample_rate, std::uint64_t seed, std::size_t budget);

  /// The samples of a clip in an epoch, at `sample_rate`: a pure function of (seed, epoch, clip).
  /// Throws Error as read_audio does, and for a clip that is features already.
  std::vector<float> operator()(std::size_t clip, std::uint32_t epoch);

 private:
  std::shared_ptr<const std::vector<float>> sound(std::size_t i);
  void add_reverb(std::vector<float>& samples, Random& random);
  void add_recorded_noise(std::vector<float>& samples, Random& random);
  void add_colored_noise(std::vector<float>& samples, Random& random) const;

  AugmentOptions options_;
  std::span<const Clip> clips_;
  std::span<const Clip> noises_, responses_;
  Speeds speeds_;
  int sample_rate_;
  std::uint64_t seed_;
  Cache<std::vector<float>> sounds_;  // recordings, then noises, then responses
};

}  // namespace twinear
