// SPDX-License-Identifier: Apache-2.0
#include "cli/decision.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace twinear::cli {

void AcceptanceArguments::add_to(Command& command) {
  command.option("--threshold", "SCORE", threshold, -1.0, 1.0,
                 "the lowest score of the same source (default: even odds by the model's "
                 "calibration)");
  command.option("--at-fpr", "RATE", at_fpr, 0.0, 1.0,
                 "or the threshold with this false-alarm rate, from 0 to 1");
  command.exclusive("--threshold", "--at-fpr");
}

Acceptance AcceptanceArguments::acceptance() const {
  if (threshold) return Acceptance::at_score(*threshold);
  return at_fpr ? Acceptance::at_false_alarm(*at_fpr) : Acceptance::even_odds();
}

std::vector<Clip> clips_of_arguments(std::span<const std::string> files) {
  std::vector<Clip> clips = clips_of_files(files);
  for (Clip& clip : clips)
    if (clip.path == "-") clip.path = "/dev/stdin";
  return clips;
}

void add_precision(Command& command, std::string& precision) {
  command.choice("--precision", {"fp32", "bf16"}, precision,
                 "what the encoder computes with; bf16 is faster and changes scores a little");
}

void set_precision(Verifier& verifier, const std::string& precision, const Console& console) {
  const Precision wanted = precision == "bf16" ? Precision::bf16 : Precision::fp32;
  if (verifier.set_precision(wanted) != wanted)
    console.warn("--precision: this CPU does not compute with bf16; fp32 is used");
}

nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nullptr;
}

std::string columns(const Verdict& v) {
  const auto column = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.6f}", *x) : "-";
  };
  return fmt::format("{:.6f}\t{}\t{}", v.score, column(v.llr), column(v.probability));
}

}  // namespace twinear::cli
