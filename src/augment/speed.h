// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "twinear/augment.h"

namespace twinear {

/// The speeds at which training hears clips.
class Speeds {
 public:
  /// For `clips` clips, which are those of with_speed_labels().
  Speeds(const AugmentOptions& options, std::size_t clips, std::uint64_t seed);

  /// The first so many clips have recordings of their own; the others are these at other speeds.
  std::size_t recordings() const noexcept { return recordings_; }

  /// The speed of a clip in an epoch in percent: a pure function of (seed, epoch, clip).
  int percent(std::size_t clip, std::uint32_t epoch) const;

 private:
  double probability_;
  std::vector<int> speeds_;
  std::size_t recordings_;
  std::uint64_t seed_;
};

/// The samples at another speed, and with it pitch; as they are, where they would become shorter
/// than `shortest_clip`.
std::vector<float> at_speed(std::vector<float> samples, int sample_rate, int percent);

}  // namespace twinear
