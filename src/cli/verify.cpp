// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shipped_model.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string a, b, model;
  std::optional<double> threshold, at_fpr;
  int channel = -1;
};

/// Throws where --at-fpr cannot be answered, before any clip is read.
void check_rate(const Model& model, double false_alarm, const std::string& path) {
  if (!model.calibration)
    throw Error(Fault::config, path +
                                   ": holds no calibration, which --at-fpr rests on (see "
                                   "twinear calibrate)");
  within(path, [&] { return model.calibration->threshold_at(false_alarm); });
}

/// The verdict for everyone. Its second part says how sure the calibration is.
std::string sentence(const Verdict& v) {
  const char* source = v.same ? "the same source" : "different sources";
  if (!v.probability) return fmt::format("Taken as {} at the given threshold.", source);
  const double sure = v.same ? *v.probability : 1.0 - *v.probability;
  const std::string percent =
      sure > 0.999 ? "over 99.9 %" : fmt::format("{:.{}f} %", 100.0 * sure, sure > 0.99 ? 1 : 0);
  if (sure < 0.5)
    return fmt::format("Taken as {} at this threshold, though that is unlikely ({}).", source,
                       percent);
  const char* how = sure >= 0.99  ? "Almost certainly"
                    : sure >= 0.9 ? "Very likely"
                    : sure >= 0.7 ? "Probably"
                                  : "Perhaps";
  return fmt::format("{} {} ({}).", how, source, percent);
}

void print(const Verdict& v) {
  fmt::print("{}\n\n", sentence(v));
  fmt::print("  score        {:8.4f}  cosine of the two embeddings, from -1 to 1\n", v.score);
  if (v.llr)
    fmt::print(
        "  evidence     {:+8.3f}  natural-log likelihood ratio, above 0 for the same source\n",
        *v.llr);
  if (v.probability)
    fmt::print("  probability  {:8.4f}  of the same source, at even odds before listening\n",
               *v.probability);
  fmt::print("  threshold    {:8.4f}  {}\n", v.threshold, v.threshold_from);
  fmt::print("  decision     {:>8}  the score is {} the threshold\n", v.same ? "same" : "different",
             v.same ? "not below" : "below");
}

int verify(const Arguments& args, const Common& common) {
  const std::string path = find_model(args.model);
  const Verifier verifier = Verifier::load(path);
  if (args.at_fpr) check_rate(verifier.model(), *args.at_fpr, path);

  std::array<Clip, 2> clips;
  clips[0].path = clips[0].name = args.a;
  clips[1].path = clips[1].name = args.b;
  const Matrix embeddings = verifier.embed(clips, args.channel, [&](const std::string& line) {
    common.console.say(Level::warning, "twinear: warning: " + line);
  });
  const double score = cosine(embeddings.row(0), embeddings.row(1));
  std::optional<Lengths> lengths;  // measured where the calibration asks
  if (const auto& c = verifier.model().calibration; c && c->lengths)
    lengths = {verifier.seconds(clips[0]), verifier.seconds(clips[1])};
  auto threshold = args.threshold;
  if (args.at_fpr) {
    const auto& calibration = *verifier.model().calibration;
    threshold = within(path, [&] { return calibration.threshold_at(*args.at_fpr); });
    if (lengths) *threshold -= calibration.shift(*lengths);
  }
  Verdict verdict = within(path, [&] { return verifier.decide(score, threshold, lengths); });
  if (args.at_fpr)
    verdict.threshold_from =
        fmt::format("accepts {:g} % of different sources in {}", 100.0 * *args.at_fpr,
                    verifier.model().calibration->source);

  if (common.json)
    print_json({{"a", args.a},
                {"b", args.b},
                {"same", verdict.same},
                {"score", verdict.score},
                {"llr", verdict.llr ? nlohmann::ordered_json(*verdict.llr) : nullptr},
                {"probability",
                 verdict.probability ? nlohmann::ordered_json(*verdict.probability) : nullptr},
                {"threshold", verdict.threshold},
                {"threshold_from", verdict.threshold_from},
                {"model", path},
                {"model_id", verifier.model().id}});
  else
    print(verdict);
  return verdict.same ? 0 : 1;
}

}  // namespace

void add_verify(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("verify", "Do two clips have the same source?");
  command.argument("A", args->a, "a clip: any audio file, or features in .npy");
  command.argument("B", args->b, "the clip to compare it with");
  command.model(args->model, Need::optional);
  command.option("--threshold", "SCORE", args->threshold, -1.0, 1.0,
                 "least score of the same source (default: even odds by the model's calibration)");
  command.option("--at-fpr", "RATE", args->at_fpr, 0.0, 1.0,
                 "or the threshold with this false-alarm rate, from 0 to 1");
  command.exclusive("--threshold", "--at-fpr");
  command.channel(args->channel);
  command.footer("Exit codes: 0 the same source, 1 different sources, 2 no answer.");
  command.run([args](const Common& common) { return verify(*args, common); });
}

}  // namespace twinear::cli
