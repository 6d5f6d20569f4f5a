// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace twinear {

/// An MPEG audio file that is decoded to its end, whatever a header says of its length: libsndfile
/// estimates the length of a file without such a header by its first frame, and stops there. All
/// frames of the file count, so a file of joined streams is heard whole. One thread at a time may
/// use it.
class Mp3File {
 public:
  /// Opens a regular file and counts its samples. Throws Error (format), path first, for a file
  /// without MPEG audio.
  explicit Mp3File(const std::string& path);
  Mp3File(Mp3File&&) noexcept;
  ~Mp3File();

  std::size_t samples() const noexcept;  ///< of each channel
  /// Whether the file says how many frames it has: then one that ends before is cut short.
  bool says_its_length() const noexcept;

  /// Decodes the next samples, interleaved, and returns how many came of each channel; 0 at the
  /// end. Throws Error (format) where the sample rate or the number of channels changes.
  std::size_t read(std::span<float> to);
  void seek(std::size_t sample);  ///< of each channel, below samples()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
