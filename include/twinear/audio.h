// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
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
  int channel = -1;    ///< counted from 0; -1 averages all channels (AudioReader::channels_cancel)
  double start = 0.0;  ///< seconds into the file
  double end = 0.0;    ///< seconds into the file; 0 means to the end, as does up to 0.5 s past it
};

/// A file that is decoded piece by piece, at its own rate: memory does not follow its length.
///
/// Reads any file that libsndfile opens. Throws Error, with the path first, for a file that is
/// missing, empty, a folder, not audio, shorter than its header says (truncated), without the
/// channel or the part asked for, without samples, with a sample that is not finite, or with a rate
/// that is not from 1 to 768 kHz. A reader belongs to one thread.
class AudioReader {
 public:
  /// Opens a file. Throws Error, path first.
  explicit AudioReader(const std::string& path, const ReadOptions& options = {});
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;
  ~AudioReader();

  int sample_rate() const noexcept;  ///< Hz
  int channels() const noexcept;     ///< of the file
  /// Samples that the header promises for the part; the end of some files is not known before.
  std::size_t expected_samples() const noexcept;

  /// The next samples, about 32768 of all channels; none once the part has ended.
  std::vector<float> read();

  /// Number of channels that held digital silence in all that was read, while others did not.
  int silent_channels() const noexcept;
  /// Whether the channels were to be averaged but cancel one another, as those of a cable with one
  /// channel inverted do: the mean has under a hundredth of their energy in the first second of
  /// sound. Then the first channel is taken alone.
  bool channels_cancel() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole of what an AudioReader reads; throws as it does, and for more than 2^30 samples.
/// Memory follows what can be decoded, not what a header promises.
Waveform read_audio(const std::string& path, const ReadOptions& options = {});

/// Writes 16-bit samples (clipped to [-1, 1]) beside `path` and renames the file into place.
/// The extension chooses WAV or FLAC; any other throws Error.
void write_audio(const std::string& path, const Waveform& waveform);

/// Band-limited conversion between sample rates, both in Hz (libsoxr, high quality).
/// `from == to` copies. n samples give round(n * to / from), at least 1 for a non-empty input.
std::vector<float> resample(std::span<const float> samples, int from, int to);

/// The same for samples that come piece by piece: bit for bit, however they are cut. It belongs to
/// one thread.
class Resampler {
 public:
  /// Rates in Hz.
  Resampler(int from, int to);
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;
  ~Resampler();

  /// Takes the next samples and gives those that are ready.
  std::vector<float> push(std::span<const float> samples);

  /// The sound has ended: gives its last samples. Nothing can be pushed after it.
  std::vector<float> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
