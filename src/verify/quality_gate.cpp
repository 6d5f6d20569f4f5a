// SPDX-License-Identifier: Apache-2.0
#include "verify/quality_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace twinear {
namespace {

using Kind = QualityIssue::Kind;
using Status = ClipEmbedding::Status;

/// The seconds under which an embedding says little about its source: on speechocean's test trials
/// cut to 1 s the EER rises from 12 to 20 % (data/models/speaker.md).
constexpr double short_clip = 1.5;

/// Why a gate refuses a clip.
struct Refusal {
  Status status;
  std::string text;
};

Refusal silence() {
  return {Status::silent, "silence: no frame of it is loud enough to hold speech"};
}

/// Why a clip is refused that a model of voices is to hear.
std::optional<Refusal> without_voice(const ClipReport& found, const QualityGate& gate) {
  const double voice = found.voice.seconds;
  if (voice >= std::max(least_voice, gate.min_speech)) return std::nullopt;
  if (voice < least_voice && found.speech.amount == SpeechAmount::none) return silence();
  if (voice < least_voice / 2 || voice < found.seconds / 10)
    return Refusal{Status::no_speech,
                   fmt::format("noise or music rather than a voice: {:.1f} s of speech in {:.1f} s",
                               voice, found.seconds)};
  return Refusal{Status::too_short,
                 fmt::format("{:.2f} s of speech in {:.2f} s; at least {:g} s is needed", voice,
                             found.seconds, std::max(least_voice, gate.min_speech))};
}

/// Why a clip is refused of which only the loudness is known.
std::optional<Refusal> without_sound(const ClipReport& found, const QualityGate& gate) {
  if (found.speech.amount == SpeechAmount::none) return silence();
  if (found.speech.seconds >= gate.min_speech) return std::nullopt;
  return Refusal{Status::too_short,
                 fmt::format("{:.2f} s of speech in {:.2f} s; at least {:g} s is needed",
                             found.speech.seconds, found.seconds, gate.min_speech)};
}

std::optional<Refusal> refusal(const ClipReport& found, const QualityGate& gate) {
  const auto has = [&](Kind kind) { return found.issue && found.issue->kind == kind; };
  if (has(Kind::silence)) return Refusal{Status::silent, found.issue->text};
  const bool knows_voice = !found.voice.voiced.empty() && gate.voice;
  if (knows_voice)
    if (auto reason = without_voice(found, gate)) return reason;
  if (gate.clean && (has(Kind::clipping) || has(Kind::telephone_band)))
    return Refusal{Status::refused, found.issue->text};
  if (knows_voice || found.speech.voiced.empty()) return std::nullopt;
  return without_sound(found, gate);
}

}  // namespace

bool passes(const ClipReport& found, const QualityGate& gate, ClipEmbedding& result) {
  result.seconds = found.seconds;
  const auto warn = [&](const std::string& text) {
    result.warnings.push_back(result.source + ": " + text);
  };
  const auto reason = refusal(found, gate);
  if (reason && !gate.warns) {
    result.status = reason->status;
    result.error = Error(Fault::format, result.source + ": " + reason->text);
    return false;
  }
  if (reason)
    warn(reason->text);
  else if (const auto no_voice =
               gate.voice || found.voice.voiced.empty() ? std::nullopt : without_voice(found, gate))
    warn(no_voice->text);
  else if (found.issue)
    warn(found.issue->text);
  if (found.seconds < short_clip)
    warn(fmt::format("{:.2f} s of sound; under {} s the answer is less sure than it says",
                     found.seconds, short_clip));
  return true;
}

}  // namespace twinear
