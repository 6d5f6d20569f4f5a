// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace twinear {

/// One channel of sound.
struct Waveform {
  int sample_rate = 16000;     ///< Hz
  std::vector<float> samples;  ///< nominally in [-1, 1]

  double seconds() const noexcept {
    return static_cast<double>(samples.size()) / static_cast<double>(sample_rate);
  }
};

/// Which part of a file becomes the waveform.
struct ReadOptions {
  int channel = -1;    ///< counted from 0; -1 averages all channels
  double start = 0.0;  ///< seconds into the file
  double end = 0.0;    ///< seconds into the file; 0 means to the end, as does up to 0.5 s past it
};

/// Decodes any file that libsndfile opens, at the file's own rate.
///
/// Throws Error, with the path first, for a file that is missing, empty, a folder, not audio,
/// shorter than its header says (truncated), without the channel or the part asked for, without
/// samples, with a sample that is not finite, with more than 2^30 of them, or with a rate that is
/// not from 1 to 768 kHz. Memory follows what can be decoded, not what a header promises.
Waveform read_audio(const std::string& path, const ReadOptions& options = {});

/// Writes 16-bit samples (clipped to [-1, 1]) beside `path` and renames the file into place.
/// The extension chooses WAV or FLAC; any other throws Error.
void write_audio(const std::string& path, const Waveform& waveform);

/// Band-limited conversion between sample rates, both in Hz (libsoxr, high quality).
/// `from == to` copies. n samples give round(n * to / from), at least 1 for a non-empty input.
std::vector<float> resample(std::span<const float> samples, int from, int to);

}  // namespace twinear
