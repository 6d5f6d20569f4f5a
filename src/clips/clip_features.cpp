// SPDX-License-Identifier: Apache-2.0
#include "twinear/clip_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/within.h"
#include "clips/npy.h"
#include "features/frame_stream.h"
#include "features/front_end.h"
#include "features/normalize.h"
#include "twinear/error.h"
#include "twinear/speech_finder.h"

namespace twinear {
namespace {

constexpr int min_rate = 1000, max_rate = 768000;         // Hz
constexpr std::size_t piece_size = std::size_t{1} << 15;  // samples

std::span<const float> part_of(const Waveform& waveform, double start, double end) {
  const std::span<const float> all(waveform.samples);
  const auto sample = [&](double seconds) {
    const double at = std::round(seconds * waveform.sample_rate);
    return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(all.size())));
  };
  const std::size_t first = sample(start), last = end == 0 ? all.size() : sample(end);
  if (first > last || (first == last && !all.empty()))
    throw Error(Fault::config, fmt::format("{} to {} s were asked for; the clip has {:.2f} s",
                                           start, end, waveform.seconds()));
  return all.subspan(first, last - first);
}

/// Reads the samples of a clip once, piece by piece, from a file or from memory.
class ClipReader {
 public:
  /// Throws Error as AudioReader does. A clip in memory must outlive it and hold no features.
  ClipReader(const Clip& clip, int channel) {
    if (const auto* waveform = std::get_if<Waveform>(&clip.memory))
      *this = within(clip.place(), [&] { return ClipReader(*waveform, clip.start, clip.end); });
    else
      file_.emplace(clip.path,
                    ReadOptions{.channel = channel, .start = clip.start, .end = clip.end});
    place_ = clip.place();
  }

  /// Reads samples in memory, which must outlive it, from `start` to `end` seconds; an `end` of 0
  /// means their end. Throws Error (config) for a part that does not exist, (numeric) for a sample
  /// that is not finite, and std::invalid_argument for a rate that is not from 1 to 768 kHz.
  explicit ClipReader(const Waveform& waveform, double start = 0, double end = 0)
      : rate_(waveform.sample_rate) {
    if (rate_ < min_rate || rate_ > max_rate)
      throw std::invalid_argument(
          fmt::format("a sample rate of {} Hz; expected {} to {}", rate_, min_rate, max_rate));
    samples_ = part_of(waveform, start, end);
    const auto bad = std::ranges::find_if_not(samples_, [](float x) { return std::isfinite(x); });
    if (bad != samples_.end())
      throw Error(Fault::numeric, fmt::format("sample {} is not finite", bad - samples_.begin()));
  }

  int sample_rate() const noexcept { return file_ ? file_->sample_rate() : rate_; }

  /// The next samples; none once the clip has ended.
  std::vector<float> read() {
    if (file_) return file_->read();
    const auto piece = samples_.first(std::min(piece_size, samples_.size()));
    samples_ = samples_.subspan(piece.size());
    return {piece.begin(), piece.end()};
  }

  ChannelReport channels() const noexcept {
    if (!file_) return {};
    return {.silent = file_->silent_channels(), .cancel = file_->channels_cancel()};
  }

  /// Throws Error (format) that begins with Clip::place().
  [[noreturn]] void refuse(const std::string& found) const {
    throw Error(Fault::format, place_.empty() ? found : place_ + ": " + found);
  }

 private:
  std::string place_;
  std::optional<AudioReader> file_;
  std::span<const float> samples_;  // those not read yet
  int rate_ = 0;
};

void refuse_without_speech(const ClipReader& clip, const Speech& speech,
                           const FrontEnd& front_end) {
  if (speech.amount != SpeechAmount::enough)
    clip.refuse(fmt::format("{:.2f} s of speech in {:.2f} s; at least {} s is needed",
                            speech.seconds, speech.total_seconds,
                            front_end.vad_options.min_seconds));
}

/// Finds where somebody speaks in samples of any rate.
class VoiceCheck {
 public:
  explicit VoiceCheck(int rate) {
    if (rate != SpeechFinder::sample_rate) resampler_.emplace(rate, SpeechFinder::sample_rate);
  }

  void push(std::span<const float> samples) {
    if (resampler_)
      finder_.push(resampler_->push(samples));
    else
      finder_.push(samples);
  }

  Speech finish() {
    if (resampler_) finder_.push(resampler_->finish());
    return finder_.finish();
  }

 private:
  std::optional<Resampler> resampler_;
  SpeechFinder finder_;
};

/// Calls `take` with the frames that `stream` makes of the samples, piece by piece: this function
/// holds neither all samples nor all frames.
template <class Stream>
ClipReport stream_clip(ClipReader& reader, const FrontEnd& front_end, const ClipOptions& options,
                       Stream& stream, const std::function<void(Matrix)>& take) {
  const int rate = reader.sample_rate();
  Resampler resampler(rate, front_end.sample_rate);
  std::optional<QualityCheck> check;
  std::optional<VoiceCheck> voice;
  if (options.quality) check.emplace(rate, upper_edge(front_end));
  if (options.voice) voice.emplace(front_end.sample_rate);
  std::size_t samples = 0, frames = 0;
  const auto give = [&](Matrix rows) {
    frames += rows.rows();
    if (rows.rows() > 0) take(std::move(rows));
  };
  for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) {
    samples += piece.size();
    if (check) check->push(piece);
    if (rate != front_end.sample_rate) piece = resampler.push(piece);
    if (voice) voice->push(piece);
    give(stream.push(piece));
  }
  ClipReport report{.seconds = static_cast<double>(samples) / rate};
  if (report.seconds < shortest_clip)
    reader.refuse(
        fmt::format("{:.3f} s of sound; at least {} s is needed", report.seconds, shortest_clip));
  const auto last = resampler.finish();
  if (voice) voice->push(last);
  give(stream.push(last));
  give(stream.finish());
  if (frames == 0)
    reader.refuse(fmt::format("{:.3f} s is shorter than one window of {} ms", report.seconds,
                              front_end.window_ms));
  if (voice) report.voice = voice->finish();
  if (check) report.issue = check->issue(reader.channels());
  return report;
}

ClipFeatures features_of(ClipReader& reader, const LogMel& log_mel, const ClipOptions& options) {
  const FrontEnd& front_end = log_mel.front_end();
  const bool has_vad = front_end.vad != Vad::none, finds_speech = has_vad || options.speech;
  FrameStream stream(log_mel.computer(), options.seed, finds_speech);
  std::vector<Matrix> parts;
  std::size_t frames = 0;
  ClipFeatures found{stream_clip(reader, front_end, options, stream,
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
    const ClipReport report = stream_clip(reader, front_end, options, stream,
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
