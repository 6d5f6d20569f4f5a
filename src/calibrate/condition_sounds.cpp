// SPDX-License-Identifier: Apache-2.0
#include "calibrate/condition_sounds.h"

namespace twinear {
namespace {

/// The options of [augment] that make each condition.
std::array<AugmentOptions, channel_count> changes(const ConditionOptions& options) {
  std::array<AugmentOptions, channel_count> by_channel;
  by_channel[1].telephone = 1;
  AugmentOptions& noise = by_channel[2];
  (options.noises.empty() ? noise.colored_noise : noise.noise) = 1;
  noise.noises = options.noises;
  noise.noise_snr_db = noise.colored_noise_snr_db = {5, 20};
  by_channel[3].reverb = 1;
  by_channel[3].responses = options.responses;
  return by_channel;
}

}  // namespace

ConditionSounds::ConditionSounds(std::span<const Clip> recordings, const ConditionOptions& options,
                                 int sample_rate) {
  constexpr std::size_t budget = std::size_t{1} << 27;  // of sound that is kept, in bytes
  const auto by_channel = changes(options);
  for (std::size_t channel = 0; channel < channel_count; ++channel) {
    sources_[channel] = read_augment_sources(by_channel[channel]);
    augmenters_.push_back(std::make_unique<Augmenter>(
        by_channel[channel], recordings, sources_[channel], sample_rate, options.seed, budget));
  }
}

std::vector<float> ConditionSounds::operator()(std::size_t channel, std::size_t recording) {
  return (*augmenters_[channel])(recording, 0);
}

}  // namespace twinear
