// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace twinear {

/// Mixes the channels of a recording down to one: to the chosen channel, or to the average of all.
/// If the channels cancel one another in the first block with sound, as with a cable that inverts
/// one channel, the first channel takes the place of their average.
class ChannelMixer {
 public:
  /// `channel` is counted from 0; -1 chooses the average.
  ChannelMixer(std::size_t channels, int channel);

  std::size_t channels() const noexcept { return active_.size(); }
  /// Whether frames may come in any number. Until then they must come in whole blocks, except for
  /// the last ones, so that the result does not depend on how the recording is cut.
  bool decided() const noexcept { return decided_; }
  /// The number of frames of a block: about a second of two channels.
  std::size_t block() const noexcept;

  /// Mixes frames, which are interleaved samples of all channels: one sample for each.
  std::vector<float> operator()(std::span<const float> frames);

  /// Whether the average was chosen but the channels cancel one another.
  bool cancels() const noexcept { return cancels_; }
  /// The number of channels that were all zeros so far while another one was not.
  int silent_channels() const noexcept;

 private:
  void look_for_cancellation(std::span<const float> frames);

  int channel_;
  bool decided_, cancels_ = false;
  std::vector<bool> active_;  // whether each channel had a sample that is not zero
};

}  // namespace twinear
