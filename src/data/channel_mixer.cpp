// SPDX-License-Identifier: Apache-2.0
#include "data/channel_mixer.h"

#include <algorithm>
#include <numeric>

namespace twinear {

ChannelMixer::ChannelMixer(std::size_t channels, int channel)
    : channel_(channel), decided_(channel >= 0 || channels == 1), active_(channels, false) {}

std::size_t ChannelMixer::block() const noexcept {
  constexpr std::size_t block_samples = std::size_t{1} << 15;  // they stay in the cache
  return std::max<std::size_t>(1, block_samples / channels());
}

/// Decides on the first frames that are not all zero. The channels cancel if the energy of their
/// sum is far below the sum of their energies.
void ChannelMixer::look_for_cancellation(std::span<const float> frames) {
  constexpr double cancelled = 0.02;
  double apart = 0, together = 0;
  for (; !frames.empty(); frames = frames.subspan(channels())) {
    double sum = 0;
    for (const float x : frames.first(channels())) {
      sum += x;
      apart += static_cast<double>(x) * x;
    }
    together += sum * sum;
  }
  decided_ = apart > 0;
  cancels_ = decided_ && together < cancelled * apart;
  if (cancels_) channel_ = 0;
}

std::vector<float> ChannelMixer::operator()(std::span<const float> frames) {
  if (!decided_) look_for_cancellation(frames);
  std::vector<float> samples;
  samples.reserve(frames.size() / channels());
  for (; !frames.empty(); frames = frames.subspan(channels())) {
    const auto frame = frames.first(channels());
    for (std::size_t c = 0; c < channels(); ++c)
      if (frame[c] != 0.0F) active_[c] = true;
    samples.push_back(channel_ >= 0 ? frame[static_cast<std::size_t>(channel_)]
                                    : std::accumulate(frame.begin(), frame.end(), 0.0F) /
                                          static_cast<float>(channels()));
  }
  return samples;
}

int ChannelMixer::silent_channels() const noexcept {
  const auto active = std::ranges::count(active_, true);
  return active == 0 ? 0 : static_cast<int>(channels()) - static_cast<int>(active);
}

}  // namespace twinear
