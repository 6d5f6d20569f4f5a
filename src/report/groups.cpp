// SPDX-License-Identifier: Apache-2.0
#include "report/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "report/html.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

/// A figure of a group in the charts and, with others, in the tables.
struct ChartedFigure {
  const char* name;
  Measured figure;
};

/// The error rates of a group: all systems have the first, LLRs have all.
std::vector<ChartedFigure> error_rates(const Evaluation& e) {
  std::vector<ChartedFigure> figures{{"EER", {e.eer.rocch, e.eer_interval}}};
  if (e.decisions) {
    figures.push_back({"misses at even odds", e.decisions->miss});
    figures.push_back({"false alarms at even odds", e.decisions->false_alarm});
  }
  return figures;
}

std::string cells_of(const GroupEvaluation& group, bool llrs) {
  std::string html = fmt::format("<td>{}</td><td>{}</td><td>{}</td>", group.targets,
                                 group.nontargets, group.speakers);
  if (!group.evaluation)
    return html + fmt::format("<td colspan=\"{}\">fewer than {} of a kind</td>", llrs ? 6 : 2,
                              min_trials_of_group);
  const Evaluation& e = *group.evaluation;
  const auto add = [&](const std::string& text) { html += fmt::format("<td>{}</td>", text); };
  add(percent(e.eer.rocch, e.eer_interval));
  add(cell(e.min_cllr, e.min_cllr_interval));
  if (!e.decisions) return html;
  const Decisions& d = *e.decisions;
  add(cell(e.cllr, e.cllr_interval));
  add(percent(d.miss.value, d.miss.interval));
  add(percent(d.false_alarm.value, d.false_alarm.interval));
  add(d.wrong_of_sure ? percent(d.wrong_of_sure->value, d.wrong_of_sure->interval)
                      : "no such answer");
  return html;
}

bool has_llrs(const ReportedGroups& grouping) {
  return std::ranges::any_of(grouping.groups, [](const GroupEvaluation& group) {
    return group.evaluation && group.evaluation->decisions;
  });
}

std::string title_of(const ReportedScores& system, const ReportedGroups& grouping) {
  return fmt::format("{}, by {}", system.name, grouping.by);
}

std::string table_of(const ReportedScores& system, const ReportedGroups& grouping) {
  const bool llrs = has_llrs(grouping);
  std::string html = fmt::format("<h3>{}</h3>\n<div class=\"wide\"><table>\n<thead><tr>",
                                 escaped(title_of(system, grouping)));
  for (const char* name :
       {"Group", "Same source", "Different", "Speakers or sounds", "EER", "min Cllr, bits"})
    html += fmt::format("<th scope=\"col\">{}</th>", name);
  if (llrs)
    for (const char* name : {"Cllr, bits", "Misses", "False alarms", "Wrong, of the sure"})
      html += fmt::format("<th scope=\"col\">{}</th>", name);
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& group : grouping.groups)
    html += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", escaped(group.name),
                        cells_of(group, llrs));
  return html + "</tbody>\n</table></div>\n";
}

Json in_percent(const Measured& figure) {
  return shortened(
      std::array{100 * figure.value, 100 * figure.interval.low, 100 * figure.interval.high});
}

Json chart_of(const ReportedScores& system, const ReportedGroups& grouping) {
  Json groups = Json::array(), figures = Json::array();
  for (const auto& group : grouping.groups) {
    if (!group.evaluation) continue;
    groups.push_back(group.name);
    const auto rates = error_rates(*group.evaluation);
    for (std::size_t i = 0; i < rates.size(); ++i) {
      if (figures.size() == i)
        figures.push_back({{"name", rates[i].name}, {"values", Json::array()}});
      figures[i]["values"].push_back(in_percent(rates[i].figure));
    }
  }
  return {{"title", title_of(system, grouping)},
          {"groups", std::move(groups)},
          {"figures", std::move(figures)}};
}

}  // namespace

std::string groups_section(std::span<const ReportedScores> systems) {
  std::string tables;
  for (const auto& system : systems)
    for (const auto& grouping : system.groups) tables += table_of(system, grouping);
  if (tables.empty()) return {};
  return "<section id=\"groups\">\n<h2>By groups</h2>\n<p>The figures of each group of "
         "comparisons: "
         "those of two values, such as \"a / b\", compare clips that differ. Misses and false "
         "alarms "
         "are those at even odds; the sure are the answers that call themselves at least 90 % "
         "sure.</p>\n" +
         tables + "<div class=\"panels\"></div>\n</section>";
}

Json group_charts(std::span<const ReportedScores> systems) {
  Json charts = Json::array();
  for (const auto& system : systems)
    for (const auto& grouping : system.groups) charts.push_back(chart_of(system, grouping));
  return charts;
}

Json reliability_charts(std::span<const ReportedScores> systems) {
  Json charts = Json::array();
  for (const auto& system : systems) {
    Json bins = Json::array();
    for (const auto& bin : system.evaluation.reliability)
      bins.push_back(
          shortened(std::array{100 * bin.mean, 100 * bin.right.value, 100 * bin.right.interval.low,
                               100 * bin.right.interval.high}));
    if (!bins.empty()) charts.push_back({{"name", system.name}, {"bins", std::move(bins)}});
  }
  return charts;
}

std::string without_reliability(std::span<const ReportedScores> systems) {
  std::string names;
  for (const auto& system : systems)
    if (system.evaluation.reliability.empty())
      names += (names.empty() ? "" : ", ") + escaped(system.name);
  if (names.empty()) return {};
  return fmt::format(
      "<p>There is no reliability plot of {}: scores that are no log-likelihood ratios do not say "
      "how sure an answer is. <code>twinear score --llr</code> writes such ratios.</p>",
      names);
}

}  // namespace twinear
