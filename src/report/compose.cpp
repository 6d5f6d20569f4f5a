// SPDX-License-Identifier: Apache-2.0
#include "report/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "clips/named_clips.h"
#include "evaluate/comparisons.h"
#include "twinear/clip_features.h"

namespace twinear {
namespace {

constexpr std::size_t errors_of_a_kind = 5, mapped_speakers = 20, mapped_clips = 15;
constexpr double played_seconds = 3;

/// A number of so many bytes, little-endian.
std::string bytes_of(std::uint32_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}

std::string wav(int sample_rate, std::span<const float> samples) {
  const auto rate = static_cast<std::uint32_t>(sample_rate);
  const auto size = static_cast<std::uint32_t>(2 * samples.size());
  std::string bytes = "RIFF" + bytes_of(36 + size, 4) + "WAVEfmt " + bytes_of(16, 4) +
                      bytes_of(1, 2) + bytes_of(1, 2) +  // integers of one channel
                      bytes_of(rate, 4) + bytes_of(2 * rate, 4) + bytes_of(2, 2) + bytes_of(16, 2) +
                      "data" + bytes_of(size, 4);
  for (const float x : samples)
    bytes +=
        bytes_of(static_cast<std::uint32_t>(std::lround(32767 * std::clamp(x, -1.0F, 1.0F))), 2);
  return bytes;
}

/// Bytes as a data URI has them (RFC 4648, section 4).
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? digits[group >> (18U - 6U * k) & 63U] : '=';
  }
  return text;
}

/// The clip of this name, if there is one: a name may be that of an enrollment of several clips.
std::optional<Clip> find(const NamedClips& clips, const std::string& name) {
  const Clip clip = clips.find(name);
  std::error_code missing;
  return std::filesystem::is_regular_file(clip.path, missing) ? std::optional(clip) : std::nullopt;
}

std::vector<ReportedError> errors_of(const ReportedScores& system, const NamedClips& clips) {
  std::map<std::string, std::string> sounds;
  const auto sound = [&](const std::string& name) {
    const auto [found, is_new] = sounds.try_emplace(name);
    const auto clip = is_new ? find(clips, name) : std::nullopt;
    if (clip && !clip->holds_features())
      found->second = sound_uri(clip_samples(*clip), played_seconds);
    return found->second;
  };
  std::vector<ReportedError> errors;
  const auto& trials = system.trials;
  for (const std::size_t i :
       hardest_errors(trials, system.evaluation.eer.threshold, errors_of_a_kind)) {
    const auto& row = trials.rows[i];
    const auto &enroll = trials.names[row.enroll], &test = trials.names[row.test];
    errors.push_back({row.target == 1, row.score, enroll, test, sound(enroll), sound(test)});
  }
  return errors;
}

/// Embeds up to mapped_clips clips of each of the first mapped_speakers speakers that have several
/// clips.
ReportedEmbeddings embeddings_of(const ReportedScores& system, const Speakers& speakers,
                                 const NamedClips& clips, const Verifier& verifier) {
  std::map<std::uint32_t, std::vector<Clip>> clips_of;
  for (std::size_t i = 0; i < speakers.of_name.size(); ++i)
    if (auto clip = find(clips, system.trials.names[i]))
      clips_of[speakers.of_name[i]].push_back(std::move(*clip));
  ReportedEmbeddings result;
  std::vector<Clip> mapped;
  std::size_t count = 0;
  for (auto& [speaker, own] : clips_of) {
    if (own.size() < 2) continue;
    if (count++ == mapped_speakers) break;
    own.resize(std::min(own.size(), mapped_clips));
    for (const auto& clip : own) {
      result.clips.push_back(clip.name);
      result.speakers.push_back(own.front().label.empty() ? fmt::format("source {}", speaker)
                                                          : own.front().label);
      mapped.push_back(clip);
    }
  }
  result.rows = verifier.embed(mapped, {.gate = {.voice = false}});
  return result;
}

}  // namespace

std::vector<std::size_t> hardest_errors(const ScoreTable& trials, double threshold,
                                        std::size_t count) {
  std::vector<std::size_t> hardest;
  for (const std::uint32_t target : {1U, 0U}) {
    std::vector<std::size_t> errors;
    for (std::size_t i = 0; i < trials.rows.size(); ++i)
      if (trials.rows[i].target == target && (trials.rows[i].score >= threshold) != (target == 1))
        errors.push_back(i);
    std::ranges::sort(errors, [&](std::size_t a, std::size_t b) {
      const double x = std::abs(trials.rows[a].score - threshold),
                   y = std::abs(trials.rows[b].score - threshold);
      return x != y ? x > y : a < b;
    });
    std::unordered_set<std::uint32_t> clips;
    for (std::size_t taken = 0; const std::size_t i : errors) {
      const auto& row = trials.rows[i];
      if (taken == count) break;
      if (clips.contains(row.enroll) || clips.contains(row.test)) continue;
      clips.insert({row.enroll, std::uint32_t{row.test}});
      hardest.push_back(i);
      ++taken;
    }
  }
  return hardest;
}

std::string sound_uri(const Waveform& waveform, double seconds) {
  constexpr int max_rate = 16000;
  const auto wanted = static_cast<std::size_t>(seconds * waveform.sample_rate);
  const auto first = std::span(waveform.samples).first(std::min(wanted, waveform.samples.size()));
  const int rate = std::min(waveform.sample_rate, max_rate);
  return "data:audio/wav;base64," +
         base64(rate < waveform.sample_rate ? wav(rate, resample(first, waveform.sample_rate, rate))
                                            : wav(rate, first));
}

ReportContent compose_report(std::vector<ReportedScores> systems, const ReportSources& sources) {
  const NamedClips clips(sources.clips, sources.root);
  ReportContent content{.title = "Evaluation",
                        .training_log = sources.training_log,
                        .systems = std::move(systems),
                        .threshold = {}};
  const ReportedScores& first = content.systems.front();
  content.threshold = first.evaluation.eer.threshold;
  content.errors = errors_of(first, clips);
  if (sources.verifier != nullptr) {
    content.calibration = sources.verifier->model().calibration;
    content.embeddings =
        embeddings_of(first, find_speakers(first.trials, sources.clips), clips, *sources.verifier);
  }
  return content;
}

}  // namespace twinear
