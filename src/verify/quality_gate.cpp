// SPDX-License-Identifier: Apache-2.0
#include "verify/quality_gate.h"

#include <fmt/format.h>

#include <utility>

namespace twinear {
namespace {

using Kind = QualityIssue::Kind;
using Status = ClipEmbedding::Status;

/// Under this many seconds a clip says little about its source: on speechocean's test trials cut to
/// 1 s the EER rises from 12 to 20 % (data/models/speaker.md).
constexpr double short_clip = 1.5;

struct Refusal {
  Status status;
  std::string text;
};

std::optional<Refusal> refusal(const ClipReport& found, const QualityGate& gate) {
  const auto kind = found.issue ? std::optional(found.issue->kind) : std::nullopt;
  if (kind == Kind::silence) return Refusal{Status::silent, found.issue->text};
  if (gate.clean && (kind == Kind::clipping || kind == Kind::telephone_band))
    return Refusal{Status::refused, found.issue->text};
  if (found.speech.amount == SpeechAmount::none)
    return Refusal{Status::silent, "silence: no frame of it is loud enough to hold speech"};
  const bool known = !found.speech.voiced.empty();
  if (known && found.speech.seconds < gate.min_speech)
    return Refusal{Status::silent,
                   fmt::format("{:.2f} s of speech in {:.2f} s; at least {:g} s is needed",
                               found.speech.seconds, found.seconds, gate.min_speech)};
  return std::nullopt;
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
  else if (found.issue)
    warn(found.issue->text);
  if (found.seconds < short_clip)
    warn(fmt::format("{:.2f} s of sound; under {} s the answer is less sure than it says",
                     found.seconds, short_clip));
  return true;
}

}  // namespace twinear
