// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/threads.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "clips/named_clips.h"
#include "model/calibration_json.h"
#include "twinear/clip_features.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, scores, source, out, quality = "none", root, manifest;
  double prior = 0.5;
};

/// The length in seconds of each clip that the scores name.
std::vector<double> seconds_of(const ScoreTable& trials, const FrontEnd& front_end,
                               const Arguments& args) {
  const auto listed =
      args.manifest.empty() ? std::vector<Clip>() : read_manifest(args.manifest).clips;
  const NamedClips clips(listed, args.root);
  std::vector<double> seconds(trials.names.size());
  parallel_for(seconds.size(), [&](std::size_t i) {
    seconds[i] = clip_seconds(clips.find(trials.names[i]), front_end);
  });
  return seconds;
}

void print(const LengthCalibration& fit) {
  if (std::isnan(fit.cllr_with))
    fmt::print("Clip lengths are not used: too few speakers to judge whether they help.\n\n");
  else
    fmt::print(
        "Clip lengths {}: on held-out speakers, Cllr is {:.4f} with them and {:.4f} without.\n\n",
        fit.calibration.lengths ? "are used" : "are not used", fit.cllr_with, fit.cllr_without);
}

void print(const Calibration& c) {
  fmt::print(
      "llr = {:.4f} x score {:+.4f}, from {} trials of the same source and {} of different "
      "ones\n\n",
      c.scale, c.offset, c.targets, c.nontargets);
  if (c.lengths)
    fmt::print("      {:+.4f} x (ln shorter {:+.3f}) {:+.4f} x (ln longer {:+.3f}), in seconds\n\n",
               c.lengths->shorter, -c.lengths->mean_log_shorter, c.lengths->longer,
               -c.lengths->mean_log_longer);
  fmt::print("  {:<22} {:>9} {:>9}\n", "accepted of different", "threshold", "missed");
  for (const auto& t : c.thresholds)
    fmt::print("  {:>20.4g} % {:>9.4f} {:>7.2f} %\n", 100.0 * t.false_alarm, t.threshold,
               100.0 * t.miss);
  fmt::print("  {:<22} {:>9.4f}\n  {:<22} {:>7.2f} %\n", "even odds", c.threshold(), "EER",
             100.0 * c.eer);
}

int calibrate(const Arguments& args, const Common& common) {
  check_output(args.out);
  const auto trials = read_score_table(args.scores);
  const std::string path = find_model(args.model);
  Model model = load_model(path);
  std::optional<LengthCalibration> with_lengths;
  if (args.quality == "duration") {
    const auto seconds = seconds_of(trials, model.front_end, args);
    with_lengths = within(
        args.scores, [&] { return fit_calibration(trials, seconds, args.scores, args.prior); });
    model.calibration = with_lengths->calibration;
  } else {
    const Scores scores = within(args.scores, [&] { return split_scores(trials); });
    model.calibration = fit_calibration(scores, args.scores, args.prior);
  }
  if (!args.source.empty()) model.calibration->source = args.source;
  save_model(model, args.out);
  if (!common.json) {
    if (with_lengths) print(*with_lengths);
    print(*model.calibration);
    return 0;
  }
  nlohmann::ordered_json json{
      {"output", args.out},
      {"calibration", parse_json(calibration_json(*model.calibration), args.out)},
      {"even_odds_threshold", model.calibration->threshold()}};
  if (with_lengths)
    json["duration"] = {{"taken", model.calibration->lengths.has_value()},
                        {"cllr_with", with_lengths->cllr_with},
                        {"cllr_without", with_lengths->cllr_without}};
  print_json(json);
  return 0;
}

}  // namespace

void add_calibrate(Program& program) {
  auto [command, args] =
      program.add("calibrate", "Fits the meaning of a model's scores, and thresholds", calibrate);
  command.model(args.model, Need::required);
  command.option("--scores", "SCORES", args.scores,
                 "reads trials of development speakers that this model has scored", Need::required);
  command.option("-o,--out", "MODEL", args.out, "writes the model with its calibration",
                 Need::required);
  command.choice("--quality", {"none", "duration"}, args.quality,
                 "also lets the calibration depend on the lengths of the clips, if that helps on "
                 "held-out speakers");
  command.option("--prior", "P", args.prior, 0.001, 0.999,
                 "fits best where the same source has this probability; 0.1 suits a use in which "
                 "it is rare");
  command.option("--source", "TEXT", args.source,
                 "describes these trials where verify explains its threshold (default: SCORES)");
  command.option("--root", "DIR", args.root,
                 "looks up the names of the scores in this folder, for --quality");
  command.option("--manifest", "CSV", args.manifest,
                 "looks up the names of the scores in this manifest first, for --quality");
}

}  // namespace twinear::cli
