// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/threads.h"
#include "base/within.h"
#include "twinear/enrollment.h"
#include "twinear/quality.h"

namespace twinear {
namespace {

constexpr int telephone_rate = 8000;  // a model of this rate hears no more than a telephone has

/// A recording and what was heard of it, at the rate of its file.
struct Recording {
  Waveform waveform;
  QualityCheck check;
  ChannelReport channels;
};

Recording record(const Clip& clip, int channel) {
  AudioReader reader(clip.path, {.channel = channel, .start = clip.start, .end = clip.end});
  Recording recording{{reader.sample_rate(), {}}, QualityCheck(reader.sample_rate()), {}};
  for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) {
    recording.check.push(piece);
    auto& samples = recording.waveform.samples;
    samples.insert(samples.end(), piece.begin(), piece.end());
  }
  recording.channels = {reader.silent_channels(), reader.channels_cancel()};
  return recording;
}

bool is_grave(const QualityIssue& flaw, const FrontEnd& front_end) {
  using Kind = QualityIssue::Kind;
  return flaw.kind == Kind::silence || flaw.kind == Kind::clipping ||
         (flaw.kind == Kind::telephone_band && front_end.sample_rate > telephone_rate);
}

EnrolledClip hear(const Verifier& verifier, const Clip& clip, double min_speech, int channel,
                  std::string& warning) {
  const FrontEnd& front_end = verifier.model().front_end;
  EnrolledClip heard{.embedding = {}, .source = clip.path};
  if (clip.path.ends_with(".npy")) {
    const auto row = verifier.embed(std::span(&clip, 1), channel);
    heard.embedding.assign(row.values().begin(), row.values().end());
    heard.seconds = verifier.seconds(clip);
    return heard;
  }
  const Recording recording = record(clip, channel);
  const Waveform& waveform = recording.waveform;
  const QualityCheck& check = recording.check;
  heard.embedding = within(clip.path, [&] { return verifier.embed(waveform); });
  heard.seconds = waveform.seconds();
  const Speech speech = find_speech(
      resample(waveform.samples, waveform.sample_rate, front_end.sample_rate), front_end);
  if (const auto flaw = check.issue(); flaw && is_grave(*flaw, front_end))
    heard.flaw = flaw->text;
  else if (speech.seconds < min_speech)
    heard.flaw = fmt::format("{:.2f} s of speech in {:.2f} s; at least {:g} s is needed",
                             speech.seconds, heard.seconds, min_speech);
  else if (const auto lesser = check.issue(recording.channels))
    warning = clip.path + ": " + lesser->text;
  return heard;
}

}  // namespace

std::vector<EnrolledClip> embed_for_enrollment(const Verifier& verifier,
                                               std::span<const Clip> clips, double min_speech,
                                               int channel, const Warn& warn) {
  std::vector<EnrolledClip> heard(clips.size());
  std::vector<std::string> warnings(clips.size());
  parallel_for(clips.size(), [&](std::size_t i) {
    heard[i] = hear(verifier, clips[i], min_speech, channel, warnings[i]);
  });
  for (const auto& warning : warnings)
    if (warn && !warning.empty()) warn(warning);
  return heard;
}

}  // namespace twinear
