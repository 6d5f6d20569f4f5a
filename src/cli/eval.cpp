// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/number.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/eval_output.h"
#include "cli/output.h"
#include "clips/named_clips.h"
#include "report/compose.h"
#include "twinear/error.h"
#include "twinear/groups.h"
#include "twinear/metrics.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::vector<std::string> scores, tasks, by;
  std::string report, log, model, root, manifest, llr = "auto";
  std::uint64_t seed = 0;
  int resamples = 1000;
};

/// Parses "p" or "p,c_miss,c_false_alarm".
Task parse_task(const std::string& text) {
  std::vector<double> values;
  std::istringstream parts(text + ",");  // so that nothing after the last comma counts, too
  for (std::string part; std::getline(parts, part, ',');)
    values.push_back(parse_number(part).value_or(NAN));
  const auto is_cost = [](double cost) { return cost > 0 && std::isfinite(cost); };
  if (!(values.size() == 1 || values.size() == 3) || !(values[0] > 0 && values[0] < 1) ||
      !std::ranges::all_of(values, is_cost))
    throw Error(Fault::config,
                fmt::format("--task {}: expected P or P,C_MISS,C_FALSE_ALARM: a prior between 0 "
                            "and 1, costs above 0",
                            text));
  if (values.size() == 1) return {.p_target = values[0]};
  return {.p_target = values[0], .c_miss = values[1], .c_false_alarm = values[2]};
}

/// What the trials are looked up in.
struct Lookup {
  std::vector<Clip> listed;
  std::optional<Verifier> verifier;
};

Lookup look_up(const Arguments& args) {
  Lookup lookup;
  if (!args.manifest.empty())
    lookup.listed = read_manifest(args.manifest, LabelRule::optional).clips;
  if (!args.model.empty()) lookup.verifier = Verifier::load(find_model(args.model));
  return lookup;
}

/// A manifest's column of the name `length` comes before the lengths of the clips.
TrialGroups groups_of(const ScoreTable& trials, const std::string& column, const Lookup& lookup,
                      const Arguments& args) {
  const auto has_column = [&](const Clip& clip) { return clip.columns.contains(column); };
  if (column == "length" && std::ranges::none_of(lookup.listed, has_column))
    return group_by_length(
        trials, seconds_of(trials.names, NamedClips(lookup.listed, args.root),
                           lookup.verifier ? lookup.verifier->model().front_end : FrontEnd()));
  return group_by_column(trials, lookup.listed, column);
}

ReportedScores evaluated(const std::string& path, const EvaluationOptions& options,
                         const Lookup& lookup, const Arguments& args) {
  ReportedScores system{path, read_score_table(path), {}};
  within(path, [&] {
    system.evaluation = evaluate(system.trials, options);
    for (const auto& column : args.by)
      system.groups.push_back(
          {column, evaluate_groups(system.trials, groups_of(system.trials, column, lookup, args),
                                   options)});
  });
  if (args.report.empty()) system.trials = {};  // so that only one long list is in memory
  return system;
}

int eval(const Arguments& args, const Common& common) {
  if (!args.report.empty()) check_output(args.report);
  for (const auto& column : args.by)
    if (column != "length" && args.manifest.empty())
      throw Error(Fault::config,
                  fmt::format("--by {}: expected --manifest, which has the column", column));
  const Lookup lookup = look_up(args);
  EvaluationOptions options{.tasks = {},
                            .seed = args.seed,
                            .resamples = args.resamples,
                            .clips = lookup.listed,
                            .llrs = args.llr == "auto" ? std::optional<bool>() : args.llr == "yes"};
  for (const auto& usual : usual_tasks) options.tasks.push_back(usual.task);
  for (const auto& text : args.tasks) options.tasks.push_back(parse_task(text));
  std::vector<ReportedScores> systems;
  for (const auto& path : args.scores) systems.push_back(evaluated(path, options, lookup, args));
  if (!args.report.empty())
    write_report(
        args.report,
        compose_report(systems, {.training_log = args.log,
                                 .root = args.root,
                                 .clips = lookup.listed,
                                 .verifier = lookup.verifier ? &*lookup.verifier : nullptr}));

  for (const auto& system : systems) {
    if (common.json)
      print_json(json_of(system));
    else
      print(system);
  }
  if (!common.json)
    fmt::print(
        "An LLR is a natural-log likelihood ratio. Calibrated scores are LLRs, cosines are not.\n");
  return 0;
}

}  // namespace

void add_eval(Program& program) {
  auto [command, args] = program.add(
      "eval", "Computes EER and other figures of scored trials, with confidence intervals", eval);
  command.argument("SCORES", args.scores, "are files of twinear score, each of one system");
  command.option("--report", "HTML", args.report,
                 "also writes a page with DET curves and score histograms");
  command.option("--log", "JSONL", args.log,
                 "draws the curves of a training run's log.jsonl in the page");
  command.option("--root", "DIR", args.root,
                 "looks up the names of the scores in this folder, so that the page plays errors");
  command.option(
      "--manifest", "CSV", args.manifest,
      "looks up the names of the scores in this manifest, whose labels are the speakers");
  command.option("--by", "COLUMN", args.by,
                 "also gives figures for the trials of each value of this column of the manifest, "
                 "or of each length of the shorter clip (length); may be repeated");
  command.option("--model", "FILE", args.model,
                 "maps the clips in the page by this model of the scores, and draws its "
                 "calibration");
  command.option("--task", "P[,CM,CF]", args.tasks,
                 "also computes minDCF and actDCF at this prior of the same source and these costs "
                 "of a miss and a false alarm; may be repeated");
  command.choice("--llr", {"auto", "yes", "no"}, args.llr,
                 "reads the scores as log-likelihood ratios, which decide and say how sure they "
                 "are; auto does unless all scores lie from -2 to 1, as cosines and distances do");
  command.option("--resamples", "N", args.resamples, 0, 100000,
                 "resamples the speakers so many times for the intervals; 0 leaves these out");
  command.seed(args.seed);
}

}  // namespace twinear::cli
