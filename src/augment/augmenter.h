// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cache.h"
#include "base/random.h"
#include "base/settings.h"
#include "twinear/augment.h"
#include "twinear/manifest.h"

namespace twinear {

/// [augment]
void fields(Fields& f, AugmentOptions& options);

/// Throws Error (config) where values of different keys do not go together.
void check_augment(const AugmentOptions& options);

/// Whether clips are changed as sound, and not as features alone.
bool changes_sound(const AugmentOptions& options);

/// With AugmentOptions::speed_labels the manifest and behind it, for each speed, all of its clips
/// once more under labels of their own ("ada at 90 %"); otherwise the manifest.
Manifest with_speed_labels(Manifest manifest, const AugmentOptions& options);

/// Recordings that augmentation draws from.
struct AugmentSources {
  Manifest noises, responses;
};
AugmentSources read_augment_sources(const AugmentOptions& options);

/// Training clips as sound, changed by chance. For any thread.
class Augmenter {
 public:
  /// `clips` are of with_speed_labels(). It and `sources` must outlive this object, which keeps at
  /// most `budget` bytes of sound.
  Augmenter(const AugmentOptions& options, std::span<const Clip> clips,
            const AugmentSources& sources, int sample_rate, std::uint64_t seed, std::size_t budget);

  /// A clip as an epoch hears it, at `sample_rate`: a pure function of (seed, epoch, clip). Throws
  /// Error as read_audio does, and for a clip that is features already.
  std::vector<float> operator()(std::size_t clip, std::uint32_t epoch);

 private:
  std::shared_ptr<const std::vector<float>> sound(std::size_t i);
  int speed_percent(std::size_t clip, std::uint32_t epoch) const;
  void add_reverb(std::vector<float>& samples, Random& random);
  void add_recorded_noise(std::vector<float>& samples, Random& random);
  void add_colored_noise(std::vector<float>& samples, Random& random) const;

  AugmentOptions options_;
  std::span<const Clip> clips_;
  std::span<const Clip> noises_, responses_;
  std::size_t recordings_;  // clips that are files of their own: one speed's
  int sample_rate_;
  std::uint64_t seed_;
  Cache<std::vector<float>> sounds_;  // of recordings, then noises, then responses
};

}  // namespace twinear
