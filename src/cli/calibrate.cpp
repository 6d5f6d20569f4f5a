// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/threads.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "model/calibration_json.h"
#include "twinear/clip_features.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, scores, source, out, quality = "none", root, manifest;
  double prior = 0.5;
};

/// Seconds of each clip that the scores name.
std::vector<double> seconds_of(const ScoreTable& trials, const FrontEnd& front_end,
                               const Arguments& args) {
  std::map<std::string, Clip> known;
  if (!args.manifest.empty())
    for (auto& clip : read_manifest(args.manifest).clips) known.emplace(clip.name, clip);
  std::vector<double> seconds(trials.names.size());
  parallel_for(seconds.size(), [&](std::size_t i) {
    const auto found = known.find(trials.names[i]);
    const std::filesystem::path file = std::filesystem::path(args.root) / trials.names[i];
    seconds[i] =
        clip_seconds(found != known.end() ? found->second : clip_of_file(file.string()), front_end);
  });
  return seconds;
}

void print(const LengthCalibration& fit) {
  if (std::isnan(fit.cllr_with))
    fmt::print("lengths of clips: too few speakers to judge whether they help; left out\n\n");
  else
    fmt::print("lengths of clips: Cllr {:.4f} with, {:.4f} without, on speakers left out; {}\n\n",
               fit.cllr_with, fit.cllr_without,
               fit.calibration.lengths ? "taken" : "too little: left out");
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
  if (common.json) {
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
  if (with_lengths) print(*with_lengths);
  print(*model.calibration);
  return 0;
}

}  // namespace

void add_calibrate(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command =
      program.command("calibrate", "Fits what a model's scores mean, and its thresholds");
  command.model(args->model, Need::required);
  command.option("--scores", "SCORES", args->scores,
                 "scored trials of development speakers, by the same model", Need::required);
  command.option("-o,--out", "MODEL", args->out, "the model with its calibration", Need::required);
  command.choice("--quality", {"none", "duration"}, args->quality,
                 "what else the map may rest on: the lengths of the clips, where that helps");
  command.option(
      "--prior", "P", args->prior, 0.001, 0.999,
      "of the same source, where the fit is to be best; 0.1 suits a use in which it is rare");
  command.option("--source", "TEXT", args->source,
                 "what these trials are, as verify names its threshold's origin (default: SCORES)");
  command.option("--root", "DIR", args->root,
                 "for --quality: where the names of the scores start (default: here)");
  command.option("--manifest", "CSV", args->manifest, "or the clips by their names");
  command.run([args](const Common& common) { return calibrate(*args, common); });
}

}  // namespace twinear::cli
