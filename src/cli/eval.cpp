// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "report/report.h"
#include "twinear/metrics.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> scores;
  std::string report, log;
  std::uint64_t seed = 0;
};

Json json_of(const Interval& i) { return {i.low, i.high}; }

Json json_of(const std::string& name, const Evaluation& e) {
  return {{"scores", name},
          {"targets", e.targets},
          {"nontargets", e.nontargets},
          {"speakers", e.speakers},
          {"eer", e.eer.rocch},
          {"eer_interval", json_of(e.eer_interval)},
          {"eer_interpolated", e.eer.roc},
          {"eer_threshold", e.eer.threshold},
          {"min_dcf_001", e.min_dcf_001},
          {"min_dcf_001_interval", json_of(e.min_dcf_001_interval)},
          {"min_dcf_005", e.min_dcf_005},
          {"min_dcf_005_interval", json_of(e.min_dcf_005_interval)},
          {"act_dcf_001", e.act_dcf_001},
          {"act_dcf_005", e.act_dcf_005},
          {"cllr", e.cllr},
          {"cllr_interval", json_of(e.cllr_interval)},
          {"min_cllr", e.min_cllr},
          {"min_cllr_interval", json_of(e.min_cllr_interval)}};
}

void print_row(const char* name, double value, const Interval* interval, const char* meaning) {
  const std::string range =
      interval == nullptr ? "" : fmt::format("{:.3f} - {:.3f}", interval->low, interval->high);
  fmt::print("  {:<15} {:>8.3f}  {:<15}  {}\n", name, value, range, meaning);
}

void print(const std::string& name, const Evaluation& e) {
  fmt::print("{}: {} trials of the same source, {} of different ones, {} sources\n\n", name,
             e.targets, e.nontargets, e.speakers);
  fmt::print("  {:<15} {:>8}  {:<15}  {}\n", "figure", "value", "95 % interval", "meaning");
  const Interval percent{100.0 * e.eer_interval.low, 100.0 * e.eer_interval.high};
  print_row("EER, %", 100.0 * e.eer.rocch, &percent, "misses = false alarms, on the convex hull");
  print_row("EER, % (ROC)", 100.0 * e.eer.roc, nullptr, "the same by linear interpolation");
  const char* least = "cost at the best threshold, where the same source is rare";
  print_row("minDCF (p=0.01)", e.min_dcf_001, &e.min_dcf_001_interval, least);
  print_row("minDCF (p=0.05)", e.min_dcf_005, &e.min_dcf_005_interval, least);
  const char* actual = "cost where the scores, as LLRs, put the threshold";
  print_row("actDCF (p=0.01)", e.act_dcf_001, nullptr, actual);
  print_row("actDCF (p=0.05)", e.act_dcf_005, nullptr, actual);
  print_row("minCllr, bits", e.min_cllr, &e.min_cllr_interval, "information lost at best");
  print_row("Cllr, bits", e.cllr, &e.cllr_interval, "information lost by the scores as LLRs");
}

int eval(const Arguments& args, const Common& common) {
  if (!args.report.empty()) check_output(args.report);
  std::vector<ReportedScores> systems;
  for (const auto& path : args.scores) systems.push_back({path, read_scores(path), {}});
  for (auto& system : systems)
    system.evaluation = within(system.name, [&] { return evaluate(system.trials, args.seed); });
  if (!args.report.empty())
    write_report(args.report, {.title = "Evaluation",
                               .training_log = args.log,
                               .systems = systems,
                               .threshold = systems.front().evaluation.eer.threshold});

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
  command.seed(args->seed);
  command.run([args](const Common& common) { return eval(*args, common); });
}

}  // namespace twinear::cli
