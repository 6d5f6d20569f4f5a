// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/number.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "report/compose.h"
#include "twinear/error.h"
#include "twinear/metrics.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> scores, tasks;
  std::string report, log, model, root, manifest;
  std::uint64_t seed = 0;
  int resamples = 1000;
};

/// The tasks of every evaluation, and their names in JSON.
struct UsualTask {
  const char* key;
  Task task;
};
constexpr std::array usual_tasks{UsualTask{"001", {.p_target = 0.01}},
                                 UsualTask{"005", {.p_target = 0.05}}};

Json json_of(const Interval& i) { return {i.low, i.high}; }

Json json_of(const TaskCost& c) {
  return {{"p_target", c.task.p_target},
          {"c_miss", c.task.c_miss},
          {"c_false_alarm", c.task.c_false_alarm},
          {"min_dcf", c.min_dcf},
          {"min_dcf_interval", json_of(c.min_dcf_interval)},
          {"act_dcf", c.act_dcf},
          {"act_dcf_interval", json_of(c.act_dcf_interval)}};
}

Json json_of(const std::string& name, const Evaluation& e) {
  Json json{{"scores", name},
            {"targets", e.targets},
            {"nontargets", e.nontargets},
            {"speakers", e.speakers},
            {"eer", e.eer.rocch},
            {"eer_interval", json_of(e.eer_interval)},
            {"eer_interpolated", e.eer.roc},
            {"eer_threshold", e.eer.threshold}};
  const auto add = [&](const std::string& key, double value, const Interval& interval) {
    json[key] = value;
    json[key + "_interval"] = json_of(interval);
  };
  for (std::size_t i = 0; i < usual_tasks.size(); ++i) {
    const TaskCost& cost = e.tasks[i];
    add(std::string("min_dcf_") + usual_tasks[i].key, cost.min_dcf, cost.min_dcf_interval);
    add(std::string("act_dcf_") + usual_tasks[i].key, cost.act_dcf, cost.act_dcf_interval);
  }
  add("cllr", e.cllr, e.cllr_interval);
  add("min_cllr", e.min_cllr, e.min_cllr_interval);
  json["top_1"] = e.top_1 ? Json(*e.top_1) : Json(nullptr);
  json["top_1_interval"] = e.top_1 ? json_of(e.top_1_interval) : Json(nullptr);
  json["tasks"] = Json::array();
  for (std::size_t i = usual_tasks.size(); i < e.tasks.size(); ++i)
    json["tasks"].push_back(json_of(e.tasks[i]));
  return json;
}

void print_row(const std::string& name, double value, const std::optional<Interval>& interval,
               const char* meaning, double unit = 1) {
  const std::string range =
      interval ? fmt::format("{:.3f} - {:.3f}", unit * interval->low, unit * interval->high) : "";
  fmt::print("  {:<15} {:>8.3f}  {:<15}  {}\n", name, unit * value, range, meaning);
}

void print(const std::string& name, const Evaluation& e) {
  fmt::print("{}: {} trials of the same source, {} of different ones, {} sources\n\n", name,
             e.targets, e.nontargets, e.speakers);
  fmt::print("  {:<15} {:>8}  {:<15}  {}\n", "figure", "value", "95 % interval", "meaning");
  print_row("EER, %", e.eer.rocch, e.eer_interval,
            "misses and false alarms are equal, on the convex hull", 100);
  print_row("EER, % (ROC)", e.eer.roc, {}, "the EER by linear interpolation", 100);
  const auto of = [](const Task& task) {
    return task.c_miss == 1 && task.c_false_alarm == 1
               ? fmt::format("(p={})", task.p_target)
               : fmt::format("({},{},{})", task.p_target, task.c_miss, task.c_false_alarm);
  };
  for (const auto& c : e.tasks)
    print_row("minDCF " + of(c.task), c.min_dcf, c.min_dcf_interval,
              "cost at the best threshold, for this prior of the same source");
  for (const auto& c : e.tasks)
    print_row("actDCF " + of(c.task), c.act_dcf, c.act_dcf_interval,
              "cost at the threshold that scores which are LLRs have");
  print_row("minCllr, bits", e.min_cllr, e.min_cllr_interval,
            "information lost by the best calibration");
  print_row("Cllr, bits", e.cllr, e.cllr_interval,
            "information lost by scores that are read as LLRs");
  if (e.top_1)
    print_row("top-1, %", *e.top_1, e.top_1_interval,
              "tests whose best-scoring enrollment has the same source", 100);
  fmt::print("\n");
}

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

void write_page(const Arguments& args, const std::vector<ReportedScores>& systems) {
  std::optional<Verifier> verifier;
  if (!args.model.empty()) verifier = Verifier::load(find_model(args.model));
  write_report(args.report, compose_report(systems, {.training_log = args.log,
                                                     .root = args.root,
                                                     .manifest = args.manifest,
                                                     .verifier = verifier ? &*verifier : nullptr}));
}

int eval(const Arguments& args, const Common& common) {
  if (!args.report.empty()) check_output(args.report);
  EvaluationOptions options{.tasks = {}, .seed = args.seed, .resamples = args.resamples};
  for (const auto& usual : usual_tasks) options.tasks.push_back(usual.task);
  for (const auto& text : args.tasks) options.tasks.push_back(parse_task(text));
  std::vector<ReportedScores> systems;
  for (const auto& path : args.scores) {
    ReportedScores system{path, read_score_table(path), {}};
    system.evaluation = within(path, [&] { return evaluate(system.trials, options); });
    if (args.report.empty()) system.trials = {};  // so that only one long list is in memory
    systems.push_back(std::move(system));
  }
  if (!args.report.empty()) write_page(args, systems);

  for (const auto& system : systems) {
    if (common.json)
      print_json(json_of(system.name, system.evaluation));
    else
      print(system.name, system.evaluation);
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
  command.option("--manifest", "CSV", args.manifest,
                 "looks up the names of the scores in this manifest, which also has labels");
  command.option("--model", "FILE", args.model,
                 "maps the clips in the page by this model of the scores, and draws its "
                 "calibration");
  command.option("--task", "P[,CM,CF]", args.tasks,
                 "also computes minDCF and actDCF at this prior of the same source and these costs "
                 "of a miss and a false alarm; may be repeated");
  command.option("--resamples", "N", args.resamples, 0, 100000,
                 "resamples the speakers so many times for the intervals; 0 leaves these out");
  command.seed(args.seed);
}

}  // namespace twinear::cli
