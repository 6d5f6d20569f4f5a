// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinear {

/// What lies in a stream of samples, all of them little-endian.
struct PcmFormat {
  enum class Sample { s16, f32 };
  int sample_rate = 16000;  ///< Hz
  int channels = 1;         ///< one after another, whose mean is taken
  Sample sample = Sample::s16;

  bool operator==(const PcmFormat&) const = default;
};

/// Samples in [-1, 1] from the bytes of a stream, however they are cut: raw, or as a WAV file,
/// whose header is then believed more than what was told. It belongs to one thread.
class PcmStream {
 public:
  explicit PcmStream(const PcmFormat& raw) : format_(raw) {}

  /// The samples that these bytes complete. Throws Error (format) for a WAV file of samples of
  /// another kind, or without any within 64 KiB.
  std::vector<float> push(std::span<const char> bytes);

  /// Of the samples, once there have been some.
  const PcmFormat& format() const noexcept { return format_; }

  /// Samples that were no number, or nowhere near full scale, and so became 0.
  std::size_t invalid_samples() const noexcept { return invalid_samples_; }

 private:
  bool parse_header();

  PcmFormat format_;
  std::string buffer_;                      // bytes that are not used up yet
  bool started_ = false;                    // the header, if there is one, is past
  std::optional<std::uint64_t> remaining_;  // bytes of samples, where a header promises so many
  std::size_t invalid_samples_ = 0;
};

}  // namespace twinear
