// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/channel_mixer.h"

namespace twinear {

/// The format of a stream of little-endian samples.
struct PcmFormat {
  enum class Sample { s16, f32 };
  int sample_rate = 16000;  ///< Hz.
  int channels = 1;         ///< Channels are interleaved; ChannelMixer averages them.
  Sample sample = Sample::s16;

  bool operator==(const PcmFormat&) const = default;
};

/// Converts the bytes of a stream to samples in [-1, 1], however the bytes are cut. The stream is
/// raw samples or a WAV file, whose header then takes precedence over the format given. One thread
/// at a time may use it. (libsndfile reads pipes too, but a stream that pauses could not be
/// interrupted, since it waits for all frames that it was asked for and goes on after a signal.)
class PcmStream {
 public:
  /// `raw` is the format of a stream without a header.
  explicit PcmStream(const PcmFormat& raw) : format_(raw) {}

  /// Takes the next bytes and returns the samples that are ready: of several channels, the samples
  /// wait for the first block with sound, which ChannelMixer needs. Throws Error (format) for a WAV
  /// file with samples of another format, or without samples in its first 64 KiB, and for a file of
  /// another format.
  std::vector<float> push(std::span<const char> bytes);

  /// Ends the stream and returns the samples that still waited. Throws Error (format) for a WAV
  /// file that ends within its header.
  std::vector<float> finish();

  /// The format of the samples; that of the header after the first samples of a WAV file.
  const PcmFormat& format() const noexcept { return format_; }

  /// The number of samples that were replaced by 0 because they were not finite or above 100 times
  /// full scale.
  std::size_t invalid_samples() const noexcept { return invalid_samples_; }

 private:
  bool parse_header();
  std::vector<float> mix(bool ended);

  PcmFormat format_;
  std::string buffer_;                      // bytes that are not converted yet
  bool started_ = false;                    // the header, if any, was parsed
  std::optional<std::uint64_t> remaining_;  // bytes of samples to come, if the header tells it
  std::optional<ChannelMixer> mixer_;       // once the format is known
  std::vector<float> waiting_;              // frames that are not mixed yet
  std::size_t invalid_samples_ = 0;
};

}  // namespace twinear
