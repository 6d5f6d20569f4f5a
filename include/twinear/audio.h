// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace twinear {

/// Sound of one channel.
struct Waveform {
  int sample_rate = 16000;     ///< Hz, above 0.
  std::vector<float> samples;  ///< Nominally in [-1, 1].

  /// The duration in seconds.
  double seconds() const noexcept {
    return static_cast<double>(samples.size()) / static_cast<double>(sample_rate);
  }
};

/// Which part of a file is read.
struct ReadOptions {
  /// The channel, counted from 0; -1 averages all channels. See AudioReader::channels_cancel().
  int channel = -1;
  double start = 0.0;  ///< Seconds into the file, at least 0.
  /// Seconds into the file, above `start`. 0 means the end of the file, and so does an end that
  /// lies at most 0.5 s beyond it.
  double end = 0.0;
};

/// Decodes an audio file piece by piece at the sample rate of the file, so that memory does not
/// grow with its length. It reads every format that libsndfile reads.
///
/// The constructor and read() throw Error, with the path first: (io) for a file that is missing or
/// a folder; (format) for a file that is empty, not audio, truncated, without samples, with a
/// sample that is not finite, or with a sample rate outside of 1 to 768 kHz; (config) if the file
/// lacks the channel or the part asked for. One thread at a time may use a reader.
class AudioReader {
 public:
  /// Opens a file. Throws std::invalid_argument for a channel below -1.
  explicit AudioReader(const std::string& path, const ReadOptions& options = {});
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;
  ~AudioReader();

  int sample_rate() const noexcept;  ///< The sample rate of the file in Hz.
  int channels() const noexcept;     ///< The number of channels of the file.

  /// The number of samples of the part by the header of the file. The headers of some formats do
  /// not know it; the number is then larger than any file.
  std::size_t expected_samples() const noexcept;

  /// Returns the next samples of the chosen channel or of the average, at most 32768 for each read;
  /// none after the end of the part.
  std::vector<float> read();

  /// The number of channels that were all zeros in everything read so far while another channel was
  /// not. 0 if all channels were zeros.
  int silent_channels() const noexcept;

  /// Whether the average of the channels was asked for but the channels cancel one another, as with
  /// a cable that inverts one channel: in the first second with sound, the average has less than a
  /// hundredth of their energy. The reader then returns the first channel.
  bool channels_cancel() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a whole file or part into memory. Throws as AudioReader does, and Error (format) for more
/// than 2^30 samples. Memory grows with the decoded samples, not with what the header claims.
Waveform read_audio(const std::string& path, const ReadOptions& options = {});

/// Writes a WAV or FLAC file of 16-bit samples; the extension of `path` chooses the format. Samples
/// are clipped to [-1, 1]. The file appears whole or not at all. Throws Error (config) for another
/// extension, (numeric) for a sample that is not finite, and (io) if it cannot be written.
void write_audio(const std::string& path, const Waveform& waveform);

/// Converts samples from one sample rate to another, both in Hz, with a band-limited filter
/// (libsoxr, high quality). n samples give round(n * to / from) samples, at least 1 unless n is 0.
/// Equal rates copy. Throws std::invalid_argument for a rate below 1.
std::vector<float> resample(std::span<const float> samples, int from, int to);

/// Converts samples that come piece by piece. The result equals that of resample() on all samples
/// bit for bit, however they are cut. One thread at a time may use it.
class Resampler {
 public:
  /// Converts from `from` Hz to `to` Hz. Throws std::invalid_argument for a rate below 1.
  Resampler(int from, int to);
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;
  ~Resampler();

  /// Takes the next samples and returns the converted samples that are ready.
  std::vector<float> push(std::span<const float> samples);

  /// Ends the sound and returns its last samples. push() must not be called after it.
  std::vector<float> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
