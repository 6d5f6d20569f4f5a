// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/threads.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "clips/named_clips.h"
#include "model/calibration_json.h"
#include "twinear/clip_features.h"
#include "twinear/condition_calibration.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, scores, source, out, quality = "none", root, manifest;
  ConditionOptions conditions;
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

void print(const char* name, const QualityTerm& term) {
  fmt::print("      ({:+.4f} {:+.4f} x score) x (ln {} {:+.3f})\n", term.offset, term.slope, name,
             -term.mean);
}

void print(const Calibration& c) {
  fmt::print(
      "llr = {:.4f} x score {:+.4f}, from {} trials of the same source and {} of different "
      "ones\n",
      c.scale, c.offset, c.targets, c.nontargets);
  if (c.lengths) {
    print("shorter", c.lengths->shorter);
    print("longer", c.lengths->longer);
    fmt::print(
        "      in seconds, from {:.3g} to {:.3g}; the rest is for clips of the mean "
        "lengths\n",
        std::exp(c.lengths->shorter.low), std::exp(c.lengths->longer.high));
  }
  fmt::print("\n  {:<22} {:>9} {:>9}\n", "accepted of different", "threshold", "missed");
  for (const auto& t : c.thresholds)
    fmt::print("  {:>20.4g} % {:>9.4f} {:>7.2f} %\n", 100.0 * t.false_alarm, t.threshold,
               100.0 * t.miss);
  fmt::print("  {:<22} {:>9.4f}\n  {:<22} {:>7.2f} %\n", "even odds", c.threshold(), "EER",
             100.0 * c.eer);
}

/// The table of conditions, and whether directions were removed.
void print(const ConditionCalibration& found) {
  fmt::print("{:<48} {:>8} {:>7} {:>10} {:>7} {:>7}\n", "condition", "speakers", "same",
             "different", "EER %", "error %");
  for (const ConditionSummary& c : found.conditions)
    fmt::print("{:<48} {:>8} {:>7} {:>10} {:>7.1f} {:>7.1f}\n", c.name, c.speakers, c.targets,
               c.nontargets, 100 * c.eer, 100 * c.error);
  fmt::print("\nThe error is at even odds, on the trials of the fit.\n");
  if (!std::isnan(found.cllr_removed))
    fmt::print(
        "The directions in which conditions move embeddings {} removed: on held-out "
        "speakers, Cllr is {:.4f} without them and {:.4f} with them.\n",
        found.removed.rows() > 0 ? "are" : "are not", found.cllr_removed, found.cllr_kept);
  print(found.fit);
}

nlohmann::ordered_json lengths_json(const LengthCalibration& fit) {
  return {{"taken", fit.calibration.lengths.has_value()},
          {"cllr_with", number_or_null(fit.cllr_with)},
          {"cllr_without", number_or_null(fit.cllr_without)}};
}

nlohmann::ordered_json conditions_json(const ConditionCalibration& found) {
  auto list = nlohmann::ordered_json::array();
  for (const ConditionSummary& c : found.conditions)
    list.push_back({{"condition", c.name},
                    {"speakers", c.speakers},
                    {"targets", c.targets},
                    {"nontargets", c.nontargets},
                    {"eer", number_or_null(c.eer)},
                    {"error", number_or_null(c.error)}});
  return list;
}

void check(const Arguments& args) {
  const bool makes_trials = args.scores.empty();
  if (makes_trials && args.manifest.empty())
    throw Error(Fault::config, "calibrate: --scores SCORES or --manifest CSV is needed");
  if (makes_trials && (args.quality != "none" || !args.root.empty()))
    throw Error(Fault::config,
                "calibrate: --quality and --root belong to --scores; --manifest alone makes trials "
                "of many lengths");
  const ConditionOptions& c = args.conditions;
  if (!makes_trials &&
      !(c.noises.empty() && c.responses.empty() && c.group.empty() && c.domain.empty()))
    throw Error(Fault::config,
                "calibrate: --noises, --responses, --group and --domain belong to --manifest "
                "without --scores");
}

int calibrate(const Arguments& args, const Common& common) {
  check(args);
  check_output(args.out);
  const std::string path = find_model(args.model);
  Model model = load_model(path);
  const std::string& source = !args.source.empty()   ? args.source
                              : !args.scores.empty() ? args.scores
                                                     : args.manifest;
  nlohmann::ordered_json json{{"output", args.out}};
  const double prior = args.conditions.prior;
  if (args.scores.empty()) {
    const Manifest manifest = read_manifest(args.manifest);
    const auto found = within(args.manifest, [&] {
      return calibrate_over_conditions(Verifier::load(path), manifest, source, args.conditions);
    });
    add_calibration(model, found);
    json["conditions"] = conditions_json(found);
    json["removed_directions"] = found.removed.rows();
    json["duration"] = lengths_json(found.fit);
    if (!common.json) print(found);
  } else if (const auto trials = read_score_table(args.scores); args.quality == "duration") {
    const auto rows = calibration_trials(trials, seconds_of(trials, model.front_end, args));
    const auto fit = within(args.scores, [&] { return fit_calibration(rows, source, prior); });
    model.calibration = fit.calibration;
    json["duration"] = lengths_json(fit);
    if (!common.json) print(fit);
  } else {
    const Scores scores = within(args.scores, [&] { return split_scores(trials); });
    model.calibration = fit_calibration(scores, source, prior);
  }
  save_model(model, args.out);
  if (!common.json) {
    print(*model.calibration);
    return 0;
  }
  json["calibration"] = parse_json(calibration_json(*model.calibration), args.out);
  json["even_odds_threshold"] = model.calibration->threshold();
  print_json(json);
  return 0;
}

}  // namespace

void add_calibrate(Program& program) {
  auto [command, args] =
      program.add("calibrate", "Fits the meaning of a model's scores, and thresholds", calibrate);
  command.model(args.model, Need::required);
  command.option("--scores", "SCORES", args.scores,
                 "reads trials of development speakers that this model has scored");
  command.option("--manifest", "CSV", args.manifest,
                 "lists clips of development speakers, of which trials are made over lengths, "
                 "telephones, noises and rooms; with --scores, looks up names in it first");
  command.option("-o,--out", "MODEL", args.out, "writes the model with its calibration",
                 Need::required);
  ConditionOptions& conditions = args.conditions;
  command.option("--noises", "CSV", conditions.noises,
                 "lists recordings of noise for the made trials (default: noise is generated)");
  command.option("--responses", "CSV", conditions.responses,
                 "lists impulse responses of rooms for them (default: rooms are simulated)");
  command.option("--group", "COLUMN", conditions.group,
                 "compares only speakers who have the same value in this column of the manifest, "
                 "such as a language");
  command.option("--domain", "COLUMN", conditions.domain,
                 "gives each value of this column of the manifest the same weight, and compares "
                 "only within it");
  command.option("--directions", "N", conditions.directions, 0, 64,
                 "removes so many directions, in which telephones, noises and rooms move "
                 "embeddings, if that helps on held-out speakers");
  command.seed(conditions.seed);
  command.choice("--quality", {"none", "duration"}, args.quality,
                 "with --scores, also lets the calibration depend on the lengths of the clips, if "
                 "that helps on held-out speakers");
  command.option("--prior", "P", conditions.prior, 0.001, 0.999,
                 "fits best where the same source has this probability; 0.1 suits a use in which "
                 "it is rare");
  command.option("--source", "TEXT", args.source,
                 "describes these trials where verify explains its threshold (default: the file)");
  command.option("--root", "DIR", args.root,
                 "looks up the names of the scores in this folder, for --quality");
}

}  // namespace twinear::cli
