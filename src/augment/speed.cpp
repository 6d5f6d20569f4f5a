// SPDX-License-Identifier: Apache-2.0
#include "augment/speed.h"

#include "base/random.h"
#include "twinear/audio.h"
#include "twinear/clip_features.h"

namespace twinear {

Speeds::Speeds(const AugmentOptions& options, std::size_t clips, std::uint64_t seed)
    : probability_(options.speed),
      speeds_(options.speeds),
      recordings_(clips / (options.speed_labels ? options.speeds.size() + 1 : 1)),
      seed_(seed) {}

int Speeds::percent(std::size_t clip, std::uint32_t epoch) const {
  if (clip >= recordings_) return speeds_[clip / recordings_ - 1];
  Random random(seed_, Purpose::augment_speed, epoch, static_cast<std::uint32_t>(clip));
  if (random.uniform() >= probability_) return 100;
  return speeds_[random.below(speeds_.size())];
}

std::vector<float> at_speed(std::vector<float> samples, int sample_rate, int percent) {
  const double seconds = static_cast<double>(samples.size()) / sample_rate;
  if (percent == 100 || seconds * 100.0 / percent < shortest_clip) return samples;
  return resample(samples, percent, 100);
}

}  // namespace twinear
