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

/// Reads the samples of a clip once, piece by piece, from a file or from memory.
class ClipReader {
 public:
  /// Throws Error as AudioReader does. A clip in memory must outlive it and hold no features.
  ClipReader(const Clip& clip, int channel);
  /// Reads samples in memory, which must outlive it, from `start` to `end` seconds; an `end` of 0
  /// means their end. Throws Error (config) for a part that does not exist, (numeric) for a sample
  /// that is not finite, and std::invalid_argument for a rate that is not from 1 to 768 kHz.
  explicit ClipReader(const Waveform& waveform, double start = 0, double end = 0);

  int sample_rate() const noexcept;  ///< Hz
  std::vector<float> read();         ///< the next samples; none once the clip has ended
  ChannelReport channels() const noexcept;
  /// Throws Error (format) that begins with Clip::place().
  [[noreturn]] void refuse(const std::string& found) const;

 private:
  std::string place_;
  std::optional<AudioReader> file_;
  std::span<const float> samples_;  // those not read yet
  int rate_ = 0;
};

}  // namespace twinear
