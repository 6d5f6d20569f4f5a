// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "augment/augmenter.h"
#include "twinear/condition_calibration.h"

namespace twinear {

/// What happens to the sound of clips.
inline constexpr std::array<const char*, 4> channel_names{"clean", "telephone", "noise", "room"};
inline constexpr std::size_t channel_count = channel_names.size();

/// Recordings under each of these conditions.
class ConditionSounds {
 public:
  /// `recordings` hold samples in memory and must outlive this object.
  ConditionSounds(std::span<const Clip> recordings, const ConditionOptions& options,
                  int sample_rate);

  /// The samples of a recording under a condition, an index of channel_names. Threads may call it.
  std::vector<float> operator()(std::size_t channel, std::size_t recording);

 private:
  std::array<AugmentSources, channel_count> sources_;
  std::vector<std::unique_ptr<Augmenter>> augmenters_;
};

}  // namespace twinear
