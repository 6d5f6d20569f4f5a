// SPDX-License-Identifier: Apache-2.0
#include "cli/decision.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace twinear::cli {

void AcceptanceArguments::add_to(Command& command, const std::string& usual) {
  command.option("--threshold", "SCORE", threshold, -1.0, 1.0,
                 ("accepts scores from this one up; the default is " + usual).c_str());
  command.option("--at-fpr", "RATE", at_fpr, 0.0, 1.0,
                 "takes the threshold that has this false-alarm rate, from 0 to 1, in one "
                 "comparison");
  command.exclusive("--threshold", "--at-fpr");
  command.option("--at-least", "P", at_least, 0.5, 1.0,
                 "says that it cannot tell where the probability of the answer is lower, for "
                 "example than 0.9");
}

Acceptance AcceptanceArguments::acceptance(const Acceptance& usual) const {
  const Acceptance accept = threshold ? Acceptance::at_score(*threshold)
                            : at_fpr  ? Acceptance::at_false_alarm(*at_fpr)
                                      : usual;
  return at_least ? accept.at_least(*at_least) : accept;
}

std::vector<Clip> clips_of_arguments(std::span<const std::string> files) {
  std::vector<Clip> clips = clips_of_files(files);
  for (Clip& clip : clips)
    if (clip.path == "-") clip.path = "/dev/stdin";
  return clips;
}

void tell(const ClipEmbedding& clip, const Console& console) {
  if (clip.error) console.error(clip.error->what());
  for (const auto& line : clip.warnings) console.warn(line);
}

Verifier load_verifier(const std::string& model, const std::string& id, const Console& console) {
  const std::string path = model.empty() && !id.empty() ? find_model_by_id(id) : find_model(model);
  if (model.empty()) console.info("the model is " + path);
  return Verifier::load(path);
}

void add_precision(Command& command, std::string& precision) {
  command.choice("--precision", {"fp32", "bf16"}, precision,
                 "computes the encoder with these numbers; bf16 is faster and changes scores a "
                 "little");
}

void set_precision(Verifier& verifier, const std::string& precision, const Console& console) {
  const Precision wanted = precision == "bf16" ? Precision::bf16 : Precision::fp32;
  if (verifier.set_precision(wanted) != wanted)
    console.warn("--precision: this CPU does not compute with bf16; fp32 is used");
}

nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
  return value && !std::isnan(*value) ? nlohmann::ordered_json(*value) : nullptr;
}

std::string columns(const Verdict& v) {
  const auto column = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.6f}", *x) : "-";
  };
  const auto score = std::isnan(v.score) ? std::nullopt : std::optional(v.score);
  return fmt::format("{}\t{}\t{}", column(score), column(v.llr), column(v.probability));
}

}  // namespace twinear::cli
