// SPDX-License-Identifier: Apache-2.0
#include "twinear/clip_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/within.h"
#include "clips/clip_reader.h"
#include "clips/npy.h"
#include "features/frame_stream.h"
#include "features/front_end.h"
#include "features/normalize.h"
#include "twinear/error.h"

namespace twinear {
namespace {

void refuse_without_speech(const ClipReader& clip, const Speech& speech,
                           const FrontEnd& front_end) {
  if (speech.amount != SpeechAmount::enough)
    clip.refuse(fmt::format("{:.2f} s of speech in {:.2f} s; at least {} s is needed",
                            speech.seconds, speech.total_seconds,
                            front_end.vad_options.min_seconds));
}

/// Calls `take` with the frames that `stream` makes of the samples, piece by piece: this function
/// holds neither all samples nor all frames.
template <class Stream>
ClipReport stream_clip(ClipReader& reader, const FrontEnd& front_end, bool quality, Stream& stream,
                       const std::function<void(Matrix)>& take) {
  const int rate = reader.sample_rate();
  Resampler resampler(rate, front_end.sample_rate);
  std::optional<QualityCheck> check;
  if (quality) check.emplace(rate, upper_edge(front_end));
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
  ClipReport report{.seconds = static_cast<double>(samples) / rate};
  if (report.seconds < shortest_clip)
    reader.refuse(
        fmt::format("{:.3f} s of sound; at least {} s is needed", report.seconds, shortest_clip));
  give(stream.push(resampler.finish()));
  give(stream.finish());
  if (frames == 0)
    reader.refuse(fmt::format("{:.3f} s is shorter than one window of {} ms", report.seconds,
                              front_end.window_ms));
  if (check) report.issue = check->issue(reader.channels());
  return report;
}

ClipFeatures features_of(ClipReader& reader, const LogMel& log_mel, const ClipOptions& options) {
  const FrontEnd& front_end = log_mel.front_end();
  const bool has_vad = front_end.vad != Vad::none, finds_speech = has_vad || options.speech;
  FrameStream stream(log_mel.computer(), options.seed, finds_speech);
  std::vector<Matrix> parts;
  std::size_t frames = 0;
  ClipFeatures found{stream_clip(reader, front_end, options.quality, stream,
                                 [&](Matrix part) {
                                   frames += part.rows();
                                   parts.push_back(std::move(part));
                                 }),
                     {}};
  found.frames = Matrix(frames, static_cast<std::size_t>(front_end.mel_bins));
  auto at = found.frames.values().begin();
  for (const Matrix& part : parts) at = std::ranges::copy(part.values(), at).out;
  normalize(found.frames, front_end);
  if (finds_speech)
    found.speech =
        find_speech(stream.log_energies(), hop_seconds(front_end), front_end.vad_options);
  if (!has_vad) return found;
  refuse_without_speech(reader, found.speech, front_end);
  found.frames = voiced_frames(found.frames, found.speech);
  return found;
}

/// Checks features that were computed before.
ClipFeatures stored_features(Matrix frames, const FrontEnd& front_end) {
  const auto bins = static_cast<std::size_t>(front_end.mel_bins);
  if (frames.rows() == 0 || frames.cols() != bins)
    throw Error(Fault::mismatch, fmt::format("{} x {} features; frames x {} are needed",
                                             frames.rows(), frames.cols(), bins));
  if (!std::ranges::all_of(frames.values(), [](float v) { return std::isfinite(v); }))
    throw Error(Fault::format, "a feature is not finite");
  const double seconds = static_cast<double>(frames.rows()) * front_end.hop_ms / 1000;
  return {{.seconds = seconds}, std::move(frames)};
}

Matrix stored_matrix(const Clip& clip) {
  if (const auto* features = std::get_if<Matrix>(&clip.memory)) return *features;
  return read_npy(clip.path);
}

}  // namespace

ClipFeatures clip_features(const Clip& clip, const LogMel& log_mel, const ClipOptions& options) {
  if (clip.holds_features()) {
    Matrix frames = stored_matrix(clip);
    return within(clip.place(),
                  [&] { return stored_features(std::move(frames), log_mel.front_end()); });
  }
  ClipReader reader(clip, options.channel);
  return features_of(reader, log_mel, options);
}

ClipFeatures clip_features(const Waveform& waveform, const LogMel& log_mel,
                           const ClipOptions& options) {
  ClipReader reader(waveform);
  return features_of(reader, log_mel, options);
}

WrittenFeatures write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                               const ClipOptions& options) {
  const FrontEnd& front_end = log_mel.front_end();
  if (clip.holds_features() || !whole_clip_reason(front_end).empty()) {
    const ClipFeatures features = clip_features(clip, log_mel, options);
    write_npy(path, features.frames);
    return {features, features.frames.rows()};
  }
  WrittenFeatures written;
  write_file_by(path, [&](const std::string& temporary) {
    ClipReader reader(clip, options.channel);
    LogMelStream stream(front_end, options.seed);
    NpyWriter writer(temporary, static_cast<std::size_t>(front_end.mel_bins));
    const ClipReport report = stream_clip(reader, front_end, options.quality, stream,
                                          [&](const Matrix& rows) { writer.append(rows); });
    written = {report, writer.finish()};
  });
  return written;
}

Waveform clip_samples(const Clip& clip, int channel) {
  if (clip.holds_features())
    throw Error(Fault::config, clip.place() + ": features; expected audio");
  ClipReader reader(clip, channel);
  Waveform waveform{reader.sample_rate(), {}};
  for (auto piece = reader.read(); !piece.empty(); piece = reader.read())
    waveform.samples.insert(waveform.samples.end(), piece.begin(), piece.end());
  return waveform;
}

double clip_seconds(const Clip& clip, const FrontEnd& front_end) {
  if (clip.holds_features())
    return within(clip.place(),
                  [&] { return stored_features(stored_matrix(clip), front_end).seconds; });
  ClipReader reader(clip, -1);
  std::size_t samples = 0;
  for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) samples += piece.size();
  return static_cast<double>(samples) / reader.sample_rate();
}

}  // namespace twinear
