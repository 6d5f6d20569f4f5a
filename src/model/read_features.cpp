// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/npy.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {

Matrix waveform_features(const Waveform& waveform, const LogMel& log_mel, std::uint64_t seed) {
  if (waveform.seconds() < shortest_clip)
    throw Error(Fault::format, fmt::format("{:.3f} s of sound; at least {} s is needed",
                                           waveform.seconds(), shortest_clip));
  const FrontEnd& front_end = log_mel.front_end();
  Matrix features =
      log_mel(resample(waveform.samples, waveform.sample_rate, front_end.sample_rate), seed);
  if (features.rows() == 0)
    throw Error(Fault::format, fmt::format("{:.3f} s is shorter than one window of {} ms",
                                           waveform.seconds(), front_end.window_ms));
  return features;
}

Matrix read_features(const Clip& clip, const LogMel& log_mel, int channel, std::uint64_t seed) {
  if (!clip.path.ends_with(".npy")) {
    const Waveform waveform =
        read_audio(clip.path, {.channel = channel, .start = clip.start, .end = clip.end});
    try {
      return waveform_features(waveform, log_mel, seed);
    } catch (const Error& e) {
      throw e.within(clip.path);
    }
  }
  Matrix features = read_npy(clip.path);
  const auto bins = static_cast<std::size_t>(log_mel.front_end().mel_bins);
  if (features.rows() == 0 || features.cols() != bins)
    throw Error(Fault::mismatch, fmt::format("{}: {} x {} features; frames x {} are needed",
                                             clip.path, features.rows(), features.cols(), bins));
  if (!std::ranges::all_of(features.values(), [](float v) { return std::isfinite(v); }))
    throw Error(Fault::format, clip.path + ": a feature is not finite");
  return features;
}

}  // namespace twinear
