// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

namespace twinear {

inline std::vector<float> tone(std::size_t count, double hz, double rate, double level = 0.5) {
  std::vector<float> samples(count);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] = static_cast<float>(
        level * std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  return samples;
}

struct SoundFile {
  int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  int rate = 16000;
  int channels = 1;
};

/// Writes interleaved samples in a format of libsndfile's, and returns the path.
inline std::string write_sound(const std::string& path, const SoundFile& as,
                               std::span<const float> samples) {
  SF_INFO info{};
  info.samplerate = as.rate;
  info.channels = as.channels;
  info.format = as.format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  EXPECT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  sf_write_float(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  return path;
}

/// A WAV of 16-bit silence with whatever a hostile header may say.
struct WavBytes {
  std::uint16_t channels = 1;
  std::uint32_t rate = 16000;
  std::uint32_t data_size = 3200;  ///< as the header has it
  std::size_t there = 3200;        ///< bytes that follow

  std::string operator()() const {
    std::string bytes = "RIFF";
    const auto add = [&](std::uint32_t value, int width) {
      for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
    };
    add(data_size < 0xffffffffU - 36 ? data_size + 36 : 0xffffffffU, 4);
    bytes += "WAVEfmt ";
    add(16, 4);
    add(1, 2);
    add(channels, 2);
    add(rate, 4);
    add(rate * channels * 2, 4);
    add(channels * 2U, 2);
    add(16, 2);
    bytes += "data";
    add(data_size, 4);
    return bytes + std::string(there, '\0');
  }
};

}  // namespace twinear
