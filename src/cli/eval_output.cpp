// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The number of characters of UTF-8 text.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

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

void add_decisions(Json& json, const Evaluation& e) {
  if (!e.decisions) return;
  const auto add = [&](const char* key, const Measured& figure) {
    json[key] = figure.value;
    json[std::string(key) + "_interval"] = json_of(figure.interval);
  };
  add("miss", e.decisions->miss);
  add("false_alarm", e.decisions->false_alarm);
  if (e.decisions->wrong_of_sure) add("wrong_of_sure", *e.decisions->wrong_of_sure);
}

Json json_of(const GroupEvaluation& group) {
  Json json{{"group", group.name},
            {"trials", group.targets + group.nontargets},
            {"targets", group.targets},
            {"nontargets", group.nontargets},
            {"speakers", group.speakers}};
  if (!group.evaluation) return json;
  const Evaluation& e = *group.evaluation;
  json["eer"] = e.eer.rocch;
  json["eer_interval"] = json_of(e.eer_interval);
  json["min_cllr"] = e.min_cllr;
  json["min_cllr_interval"] = json_of(e.min_cllr_interval);
  if (!e.decisions) return json;
  json["cllr"] = e.cllr;
  json["cllr_interval"] = json_of(e.cllr_interval);
  add_decisions(json, e);
  return json;
}

Json json_of(const CertaintyBin& bin) {
  return {{"from", bin.from},
          {"to", bin.to},
          {"said", bin.mean},
          {"targets", bin.targets},
          {"nontargets", bin.nontargets},
          {"right", bin.right.value},
          {"right_interval", json_of(bin.right.interval)}};
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
  json["llrs"] = e.decisions.has_value();
  add_decisions(json, e);
  json["reliability"] = Json::array();
  for (const auto& bin : e.reliability) json["reliability"].push_back(json_of(bin));
  return json;
}

void print_row(const std::string& name, double value, const std::optional<Interval>& interval,
               const char* meaning, double unit = 1) {
  const std::string range =
      interval ? fmt::format("{:.3f} - {:.3f}", unit * interval->low, unit * interval->high) : "";
  fmt::print("  {:<15} {:>8.3f}  {:<15}  {}\n", name, unit * value, range, meaning);
}

void print(const Decisions& d) {
  print_row("misses, %", d.miss.value, d.miss.interval,
            "same sources that an LLR below 0 calls different", 100);
  print_row("false alarms, %", d.false_alarm.value, d.false_alarm.interval,
            "different sources that an LLR of 0 or more calls the same", 100);
  if (d.wrong_of_sure)
    print_row("wrong of sure, %", d.wrong_of_sure->value, d.wrong_of_sure->interval,
              "wrong answers among those that are at least 90 % sure", 100);
}

/// "7.573 (4.702 - 10.574)", or without the interval where it is unknown.
std::string shown(const Measured& figure, double unit = 1) {
  const auto [low, high] = figure.interval;
  return std::isnan(low) ? fmt::format("{:.3f}", unit * figure.value)
                         : fmt::format("{:.3f} ({:.3f} - {:.3f})", unit * figure.value, unit * low,
                                       unit * high);
}

/// Rows under headings, each column as wide as its widest cell; the first is aligned to the left.
void print_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line = "  " + row[0];
    if (row.size() > 1) line.append(widths[0] - columns_of(row[0]), ' ');
    for (std::size_t i = 1; i < row.size(); ++i)
      line += std::string(2 + widths[i] - columns_of(row[i]), ' ') + row[i];
    fmt::print("{}\n", line);
  }
  fmt::print("\n");
}

void print(const ReportedGroups& grouping) {
  std::vector<std::vector<std::string>> rates{
      {grouping.by, "trials", "same", "different", "sources", "EER, %", "minCllr, bits"}};
  std::vector<std::vector<std::string>> decided{
      {grouping.by, "Cllr, bits", "misses, %", "false alarms, %", "wrong of the sure, %"}};
  for (const auto& group : grouping.groups) {
    rates.push_back({group.name, std::to_string(group.targets + group.nontargets),
                     std::to_string(group.targets), std::to_string(group.nontargets),
                     std::to_string(group.speakers)});
    if (!group.evaluation) continue;
    const Evaluation& e = *group.evaluation;
    rates.back().push_back(shown({e.eer.rocch, e.eer_interval}, 100));
    rates.back().push_back(shown({e.min_cllr, e.min_cllr_interval}));
    if (!e.decisions) continue;
    const Decisions& d = *e.decisions;
    decided.push_back({group.name, shown({e.cllr, e.cllr_interval}), shown(d.miss, 100),
                       shown(d.false_alarm, 100),
                       d.wrong_of_sure ? shown(*d.wrong_of_sure, 100) : "no sure answer"});
  }
  print_rows(rates);
  if (decided.size() > 1) print_rows(decided);
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
  if (e.decisions) print(*e.decisions);
  fmt::print("\n");
}

}  // namespace

Json json_of(const ReportedScores& system) {
  Json json = json_of(system.name, system.evaluation);
  if (system.groups.empty()) return json;
  json["by"] = Json::array();
  for (const auto& grouping : system.groups) {
    Json groups = Json::array();
    for (const auto& group : grouping.groups) groups.push_back(json_of(group));
    json["by"].push_back({{"column", grouping.by}, {"groups", std::move(groups)}});
  }
  return json;
}

void print(const ReportedScores& system) {
  print(system.name, system.evaluation);
  for (const auto& grouping : system.groups) print(grouping);
}

}  // namespace twinear::cli
