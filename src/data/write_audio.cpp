// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/files.h"
#include "twinear/audio.h"
#include "twinear/error.h"

namespace twinear {
namespace {

int format_of(const std::string& path) {
  if (path.ends_with(".wav")) return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  if (path.ends_with(".flac")) return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  throw Error(Fault::config, path + ": unknown extension of an audio file; expected .wav or .flac");
}

/// Inverts the scaling of decoders, so that 16-bit samples are read back unchanged.
std::vector<std::int16_t> to_16_bits(const std::string& path, const std::vector<float>& samples) {
  std::vector<std::int16_t> result;
  result.reserve(samples.size());
  for (const float sample : samples) {
    if (!std::isfinite(sample))
      throw Error(Fault::numeric, fmt::format("{}: sample {} is not finite", path, result.size()));
    result.push_back(static_cast<std::int16_t>(
        std::clamp(std::nearbyint(sample * 32768.0F), -32768.0F, 32767.0F)));
  }
  return result;
}

}  // namespace

void write_audio(const std::string& path, const Waveform& waveform) {
  SF_INFO info{};
  info.samplerate = waveform.sample_rate;
  info.channels = 1;
  info.format = format_of(path);
  const std::vector<std::int16_t> samples = to_16_bits(path, waveform.samples);
  const auto count = static_cast<sf_count_t>(samples.size());
  write_file_by(path, [&](const std::string& temporary) {
    SNDFILE* file = sf_open(temporary.c_str(), SFM_WRITE, &info);
    if (file == nullptr) throw Error(Fault::io, temporary + ": " + sf_strerror(nullptr));
    const sf_count_t written = sf_writef_short(file, samples.data(), count);
    if (sf_close(file) != 0 || written != count)
      throw Error(Fault::io,
                  fmt::format("{}: {} of {} samples written", temporary, written, count));
  });
}

}  // namespace twinear
