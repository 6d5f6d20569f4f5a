// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/audio.h"
#include "twinear/clip.h"
#include "twinear/quality.h"

namespace twinear {

/// The samples of a clip, from a file or from memory: opened once and read once, piece by piece.
class ClipReader {
 public:
  /// Throws Error as AudioReader does. A clip in memory must outlive it and hold no features.
  ClipReader(const Clip& clip, int channel);
  /// The seconds from `start` to `end` of samples in memory, which must outlive it; an `end` of 0
  /// is that of the samples. Throws Error (config) for a part that is not there, (format) for a
  /// sample that is not finite, and std::invalid_argument for a rate that is not from 1 to 768 kHz.
  explicit ClipReader(const Waveform& waveform, double start = 0, double end = 0);

  int sample_rate() const noexcept;  ///< Hz
  std::vector<float> read();         ///< the next samples; none once the clip has ended
  ChannelReport channels() const noexcept;
  /// Throws Error (format), Clip::place() first where there is a clip.
  [[noreturn]] void refuse(const std::string& found) const;

 private:
  std::string place_;
  std::optional<AudioReader> file_;
  std::span<const float> samples_;  // that are not read yet
  int rate_ = 0;
};

}  // namespace twinear
