// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

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

/// What every evaluation is asked, with its name in JSON.
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
  for (std::size_t i = 0; i < usual_tasks.size(); ++i)
    for (const auto& [key, value, range] :
         {std::tuple("min_dcf_", e.tasks[i].min_dcf, e.tasks[i].min_dcf_interval),
          std::tuple("act_dcf_", e.tasks[i].act_dcf, e.tasks[i].act_dcf_interval)}) {
      const std::string name_of_it = key + std::string(usual_tasks[i].key);
      json[name_of_it] = value;
      json[name_of_it + "_interval"] = json_of(range);
    }
  json["cllr"] = e.cllr;
  json["cllr_interval"] = json_of(e.cllr_interval);
  json["min_cllr"] = e.min_cllr;
  json["min_cllr_interval"] = json_of(e.min_cllr_interval);
  json["top_1"] = e.top_1 ? Json(*e.top_1) : Json(nullptr);
  json["top_1_interval"] = e.top_1 ? json_of(e.top_1_interval) : Json(nullptr);
  json["tasks"] = Json::array();
  for (std::size_t i = usual_tasks.size(); i < e.tasks.size(); ++i)
    json["tasks"].push_back(json_of(e.tasks[i]));
  return json;
}

void print_row(const std::string& name, double value, const Interval* interval,
               const char* meaning) {
  const std::string range =
      interval == nullptr ? "" : fmt::format("{:.3f} - {:.3f}", interval->low, interval->high);
  fmt::print("  {:<15} {:>8.3f}  {:<15}  {}\n", name, value, range, meaning);
}

void print_percent(const std::string& name, double value, const Interval& interval,
                   const char* meaning) {
  const Interval percent{100.0 * interval.low, 100.0 * interval.high};
  print_row(name, 100.0 * value, &percent, meaning);
}

void print(const std::string& name, const Evaluation& e) {
  fmt::print("{}: {} trials of the same source, {} of different ones, {} sources\n\n", name,
             e.targets, e.nontargets, e.speakers);
  fmt::print("  {:<15} {:>8}  {:<15}  {}\n", "figure", "value", "95 % interval", "meaning");
  print_percent("EER, %", e.eer.rocch, e.eer_interval, "misses = false alarms, on the convex hull");
  print_row("EER, % (ROC)", 100.0 * e.eer.roc, nullptr, "the same by linear interpolation");
  const auto of = [](const Task& task) {
    return task.c_miss == 1 && task.c_false_alarm == 1
               ? fmt::format("(p={})", task.p_target)
               : fmt::format("({},{},{})", task.p_target, task.c_miss, task.c_false_alarm);
  };
  for (const auto& c : e.tasks)
    print_row("minDCF " + of(c.task), c.min_dcf, &c.min_dcf_interval,
              "cost at the best threshold, by prior of the same source");
  for (const auto& c : e.tasks)
    print_row("actDCF " + of(c.task), c.act_dcf, &c.act_dcf_interval,
              "cost where the scores, as LLRs, put the threshold");
  print_row("minCllr, bits", e.min_cllr, &e.min_cllr_interval, "information lost at best");
  print_row("Cllr, bits", e.cllr, &e.cllr_interval, "information lost by the scores as LLRs");
  if (e.top_1)
    print_percent("top-1, %", *e.top_1, e.top_1_interval,
                  "tests whose best-scoring enrollment is of the same source");
}

/// "p,c_miss,c_false_alarm"; the costs may be left out.
Task parse_task(const std::string& text) {
  std::array<double, 3> values{0, 1, 1};
  std::size_t count = 0, begin = 0;
  const char* what =
      "--task {}: expected P or P,C_MISS,C_FALSE_ALARM: a prior between 0 and 1, "
      "costs above 0";
  for (bool more = true; more && count < values.size(); ++count) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const char *first = text.data() + begin, *last = text.data() + comma;
    const auto [end, code] = std::from_chars(first, last, values[count]);
    if (code != std::errc{} || end != last) values[count] = std::nan("");
    more = comma < text.size();
    begin = comma + 1;
  }
  const bool whole = begin == text.size() + 1 && count != 2;
  if (!whole || !(values[0] > 0 && values[0] < 1) || !(values[1] > 0 && std::isfinite(values[1])) ||
      !(values[2] > 0 && std::isfinite(values[2])))
    throw Error(Fault::config, fmt::format(fmt::runtime(what), text));
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
    if (args.report.empty()) system.trials = {};  // lists of millions, one at a time
    systems.push_back(std::move(system));
  }
  if (!args.report.empty()) write_page(args, systems);

  for (const auto& system : systems) {
    if (common.json)
      print_json(json_of(system.name, system.evaluation));
    else
      print(system.name, system.evaluation);
    if (!common.json) fmt::print("\n");
  }
  if (!common.json)
    fmt::print(
        "LLR: natural-log likelihood ratio, which calibrated scores are and cosines are not\n");
  return 0;
}

}  // namespace

void add_eval(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("eval", "EER and other figures of scored trials, with intervals");
  command.arguments("SCORES", args->scores, "files of twinear score, each one system");
  command.option("--report", "HTML", args->report,
                 "also a page with DET curves and score histograms");
  command.option("--log", "JSONL", args->log, "a training run's log.jsonl: its curves in the page");
  command.option("--root", "DIR", args->root,
                 "for the page: where the names of the scores start, to hear the errors");
  command.option("--manifest", "CSV", args->manifest, "or the clips by their names, with labels");
  command.option(
      "--model", "FILE", args->model,
      "for the page: the model of the scores, to map the clips and draw its calibration");
  command.option(
      "--task", "P[,CM,CF]", args->tasks,
      "also minDCF and actDCF at this prior of the same source and these costs of a miss "
      "and a false alarm; may be repeated");
  command.option("--resamples", "N", args->resamples, 0, 100000,
                 "of the speakers, for the intervals; 0: none");
  command.seed(args->seed);
  command.run([args](const Common& common) { return eval(*args, common); });
}

}  // namespace twinear::cli
