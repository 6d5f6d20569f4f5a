// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/within.h"
#include "clips/npy.h"
#include "features/frame_stream.h"
#include "features/front_end.h"
#include "features/normalize.h"
#include "features/vad.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"
#include "twinear/input_check.h"

namespace twinear {
namespace {

void refuse_short(double seconds) {
  if (seconds < shortest_clip)
    throw Error(Fault::format,
                fmt::format("{:.3f} s of sound; at least {} s is needed", seconds, shortest_clip));
}

void refuse_without_frames(std::size_t frames, double seconds, const FrontEnd& front_end) {
  if (frames == 0)
    throw Error(Fault::format, fmt::format("{:.3f} s is shorter than one window of {} ms", seconds,
                                           front_end.window_ms));
}

void refuse_without_speech(const Speech& speech, const FrontEnd& front_end) {
  if (speech.amount != SpeechAmount::enough)
    throw Error(
        Fault::format,
        fmt::format("{:.2f} s of speech in {:.2f} s; at least {} s is needed", speech.seconds,
                    speech.total_seconds, front_end.vad_options.min_seconds));
}

/// Decodes a clip, resamples it and gives `take` the frames that `stream` makes of it, all piece by
/// piece: neither samples nor frames are ever whole here.
template <class Stream>
void stream_clip(const Clip& clip, const FrontEnd& front_end, int channel, const Warn& warn,
                 Stream& stream, const std::function<void(Matrix)>& take) {
  AudioReader reader(clip.path, {.channel = channel, .start = clip.start, .end = clip.end});
  const int rate = reader.sample_rate();
  Resampler resampler(rate, front_end.sample_rate);
  std::optional<InputCheck> check;
  if (warn) check.emplace(rate);
  std::size_t samples = 0, frames = 0;
  const auto give = [&](Matrix rows) {
    frames += rows.rows();
    if (rows.rows() > 0) take(std::move(rows));
  };
  for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) {
    samples += piece.size();
    if (check) check->push(piece);
    if (rate != front_end.sample_rate) piece = resampler.push(piece);
    give(stream.push(piece));
  }
  const double seconds = static_cast<double>(samples) / rate;
  within(clip.path, [&] { refuse_short(seconds); });
  give(stream.push(resampler.finish()));
  give(stream.finish());
  within(clip.path, [&] { refuse_without_frames(frames, seconds, front_end); });
  if (!check) return;
  if (const auto flaw = check->flaw(reader.silent_channels())) warn(clip.path + ": " + flaw->text);
}

Matrix read_npy_features(const std::string& path, std::size_t bins) {
  Matrix features = read_npy(path);
  if (features.rows() == 0 || features.cols() != bins)
    throw Error(Fault::mismatch, fmt::format("{}: {} x {} features; frames x {} are needed", path,
                                             features.rows(), features.cols(), bins));
  if (!std::ranges::all_of(features.values(), [](float v) { return std::isfinite(v); }))
    throw Error(Fault::format, path + ": a feature is not finite");
  return features;
}

bool is_npy(const Clip& clip) { return clip.path.ends_with(".npy"); }

}  // namespace

Matrix waveform_features(const Waveform& waveform, const LogMel& log_mel, std::uint64_t seed) {
  refuse_short(waveform.seconds());
  const FrontEnd& front_end = log_mel.front_end();
  const auto samples = resample(waveform.samples, waveform.sample_rate, front_end.sample_rate);
  refuse_without_frames(log_mel.frames(samples.size()), waveform.seconds(), front_end);
  if (front_end.vad != Vad::none)
    refuse_without_speech(find_speech(samples, log_mel.bank()), front_end);
  return log_mel(samples, seed);
}

Matrix read_features(const Clip& clip, const LogMel& log_mel, int channel, std::uint64_t seed,
                     const Warn& warn, Speech* speech) {
  const FrontEnd& front_end = log_mel.front_end();
  if (is_npy(clip))
    return read_npy_features(clip.path, static_cast<std::size_t>(front_end.mel_bins));
  FrameStream stream(log_mel.bank(), seed);
  std::vector<Matrix> parts;
  std::size_t frames = 0;
  stream_clip(clip, front_end, channel, warn, stream, [&](Matrix part) {
    frames += part.rows();
    parts.push_back(std::move(part));
  });
  Matrix features(frames, static_cast<std::size_t>(front_end.mel_bins));
  auto at = features.values().begin();
  for (const Matrix& part : parts) at = std::ranges::copy(part.values(), at).out;
  normalize(features, front_end);
  if (front_end.vad == Vad::none) return features;
  const Speech found =
      find_speech(stream.log_energies(), hop_seconds(front_end), front_end.vad_options);
  if (speech != nullptr) *speech = found;
  within(clip.path, [&] { refuse_without_speech(found, front_end); });
  return voiced_frames(features, found);
}

std::size_t write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                           int channel, std::uint64_t seed, const Warn& warn, Speech* speech) {
  const FrontEnd& front_end = log_mel.front_end();
  if (is_npy(clip) || !why_whole_clip(front_end).empty()) {
    const Matrix features = read_features(clip, log_mel, channel, seed, warn, speech);
    write_npy(path, features);
    return features.rows();
  }
  std::size_t frames = 0;
  write_file_by(path, [&](const std::string& temporary) {
    LogMelStream stream(front_end, seed);
    NpyWriter writer(temporary, static_cast<std::size_t>(front_end.mel_bins));
    stream_clip(clip, front_end, channel, warn, stream,
                [&](const Matrix& rows) { writer.append(rows); });
    frames = writer.finish();
  });
  return frames;
}

}  // namespace twinear
