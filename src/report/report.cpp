// SPDX-License-Identifier: Apache-2.0
#include "report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/files.h"
#include "report/assets.h"
#include "report/curves.h"
#include "report/groups.h"
#include "report/html.h"
#include "report/principal.h"
#include "report/training_log.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_points = 500, bins = 60;  // which bound the size of the page

/// JSON for a script element: without "<", nothing in it can end the element or open a comment.
std::string script_json(const Json& json) {
  std::string result;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace))
    c == '<' ? result += "\\u003c" : result += c;
  return result;
}

/// `page` with each {{name}} replaced by its part; a part is not searched for names.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& parts) {
  std::string result;
  for (std::size_t open; (open = page.find("{{")) != std::string_view::npos;) {
    const std::size_t close = page.find("}}", open);
    result += page.substr(0, open);
    result += parts.at(page.substr(open + 2, close - open - 2));
    page.remove_prefix(close + 2);
  }
  return result += page;
}

std::string name_of(const Task& task) {
  const bool plain = task.c_miss == 1 && task.c_false_alarm == 1;
  return fmt::format(
      "p&nbsp;=&nbsp;{}{}", task.p_target,
      plain ? "" : fmt::format(", costs {} and {}", task.c_miss, task.c_false_alarm));
}

struct Figure {
  std::string name, cell;
};

/// A system's column of the table. All systems were asked the same tasks.
std::vector<Figure> figures_of(const Evaluation& e, bool has_top_1) {
  std::vector<Figure> figures{{"Equal error rate (EER)", percent(e.eer.rocch, e.eer_interval)}};
  for (const auto& cost : e.tasks)
    figures.push_back({fmt::format("minDCF ({})", name_of(cost.task)),
                       cell(cost.min_dcf, cost.min_dcf_interval)});
  for (const auto& cost : e.tasks)
    figures.push_back({fmt::format("actDCF ({})", name_of(cost.task)),
                       cell(cost.act_dcf, cost.act_dcf_interval)});
  if (has_top_1) figures.push_back({"Top-1", e.top_1 ? percent(*e.top_1, e.top_1_interval) : ""});
  figures.push_back({"Cllr, bits", cell(e.cllr, e.cllr_interval)});
  figures.push_back({"min Cllr, bits", cell(e.min_cllr, e.min_cllr_interval)});
  figures.push_back({"Comparisons of the same source", std::to_string(e.targets)});
  figures.push_back({"Comparisons of different sources", std::to_string(e.nontargets)});
  figures.push_back({"Speakers or sounds", std::to_string(e.speakers)});
  return figures;
}

std::string figures_section(std::span<const ReportedScores> systems) {
  if (systems.empty()) return {};
  std::string html =
      "<section>\n<h2>Figures</h2>\n<p>Below each figure stands its 95 % interval, from resampling "
      "the speakers or sounds. actDCF and Cllr read a score as a natural-log likelihood ratio; "
      "they "
      "have no meaning for scores without calibration.</p>\n"
      "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Figure</th>";
  std::vector<std::vector<Figure>> columns;
  for (const auto& system : systems) {
    html += fmt::format("<th scope=\"col\">{}</th>", escaped(system.name));
    columns.push_back(figures_of(system.evaluation, systems.front().evaluation.top_1.has_value()));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < columns.front().size(); ++row) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", columns.front()[row].name);
    for (const auto& column : columns) html += fmt::format("<td>{}</td>", column[row].cell);
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n</section>";
}

/// A point that the DET chart marks, where the axes are probits.
Json mark(std::string name, const char* style, const OperatingPoint& at) {
  name +=
      fmt::format(": misses {:.3g} %, false alarms {:.3g} %", 100 * at.miss, 100 * at.false_alarm);
  return {{"name", std::move(name)},
          {"style", style},
          {"x", shortened(probit(at.false_alarm))},
          {"y", shortened(probit(at.miss))}};
}

OperatingPoint cheapest(std::span<const OperatingPoint> curve, double p_target) {
  return *std::ranges::min_element(curve, {}, [=](const OperatingPoint& at) {
    return p_target * at.miss + (1 - p_target) * at.false_alarm;
  });
}

Json det_curve_of(const ReportedScores& system, const Scores& scores,
                  const std::optional<double>& threshold) {
  const auto curve = det_curve(scores);
  Json points = Json::array();
  for (const auto& at : thin(curve, max_points))
    points.push_back({shortened(probit(at.false_alarm)), shortened(probit(at.miss))});

  const double eer = system.evaluation.eer.rocch;
  Json marks{mark("EER", "circle", {.threshold = 0, .miss = eer, .false_alarm = eer}),
             mark("minDCF (p = 0.01)", "triangle", cheapest(curve, 0.01)),
             mark("minDCF (p = 0.05)", "rect", cheapest(curve, 0.05))};
  if (threshold) {
    const auto in_use = std::ranges::lower_bound(curve, *threshold, {}, &OperatingPoint::threshold);
    marks.push_back(mark("the threshold", "crossRot", *in_use));
  }
  return {{"name", system.name}, {"curve", std::move(points)}, {"marks", std::move(marks)}};
}

/// Axes from the lowest rate that the trials can show to a rate above every EER.
Json det_axes(std::span<const ReportedScores> systems) {
  std::size_t max_trials = 1;
  double worst_eer = 0;
  for (const auto& system : systems) {
    const Evaluation& e = system.evaluation;
    max_trials = std::max({max_trials, e.targets, e.nontargets});
    worst_eer = std::max(worst_eer, e.eer.rocch);
  }
  const double low = std::clamp(0.5 / static_cast<double>(max_trials), 1e-5, 0.01);
  const double high = worst_eer < 0.4 ? 0.6 : 0.99;

  Json ticks = Json::array();
  for (const double percent :
       {0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 95.0, 99.0})
    if (percent >= 100 * low && percent <= 100 * high)
      ticks.push_back({shortened(probit(percent / 100)), fmt::format("{}", percent)});
  return {{"low", shortened(probit(low))},
          {"high", shortened(probit(high))},
          {"ticks", std::move(ticks)},
          {"systems", Json::array()}};
}

Json histogram_of(const ReportedScores& system, const Scores& scores,
                  const std::optional<double>& threshold) {
  const auto shares = histogram(scores, bins);
  return {{"name", system.name},
          {"low", shares.low},
          {"width", shares.width},
          {"target", shortened(shares.target)},
          {"nontarget", shortened(shares.nontarget)},
          {"threshold", threshold.value_or(system.evaluation.eer.threshold)},
          {"threshold_name", threshold ? "threshold" : "equal error threshold"}};
}

Json calibration_of(const ReportedScores& system, const Scores& scores,
                    const std::optional<Calibration>& calibration) {
  Json steps = Json::array();
  const auto meant = meant_llrs(scores);
  const std::size_t stride = meant.size() / max_points + 1;
  for (std::size_t i = 0; i < meant.size(); i += stride)
    steps.push_back({shortened(meant[i].from), shortened(meant[i].to), shortened(meant[i].llr)});
  return {{"name", system.name},
          {"steps", std::move(steps)},
          {"line", calibration ? Json{shortened(calibration->scale), shortened(calibration->offset)}
                               : Json(nullptr)}};
}

/// The sounds, each once, and the errors, which name their sounds by number.
Json errors_of(std::span<const ReportedError> errors) {
  Json sounds = Json::array(), list = Json::array();
  std::map<std::string_view, std::size_t> numbers;
  const auto number = [&](const std::string& sound) {
    if (sound.empty()) return Json(nullptr);
    const auto [found, is_new] = numbers.try_emplace(sound, sounds.size());
    if (is_new) sounds.push_back(sound);
    return Json(found->second);
  };
  for (const auto& e : errors)
    list.push_back({{"missed", e.target},
                    {"score", shortened(e.score)},
                    {"clips", {e.enroll, e.test}},
                    {"sounds", {number(e.enroll_sound), number(e.test_sound)}}});
  return {{"sounds", std::move(sounds)}, {"list", std::move(list)}};
}

/// The embeddings along the 16 directions that UMAP is given; the first two are the map by PCA.
Json map_of(const ReportedEmbeddings& embeddings) {
  constexpr std::size_t directions = 16;
  const auto principal = principal_components(embeddings.rows, directions);
  Json rows = Json::array();
  for (std::size_t i = 0; i < principal.rows.rows(); ++i) {
    Json row = Json::array();
    for (const float v : principal.rows.row(i)) row.push_back(shortened(v));
    rows.push_back(std::move(row));
  }
  return {{"clips", embeddings.clips},
          {"speakers", embeddings.speakers},
          {"rows", std::move(rows)},
          {"shares", shortened(principal.shares)}};
}

/// The columns of a table. More than max_points rows are thinned evenly; the last one stays.
Json columns(const TrainingLog::Table& table) {
  const std::size_t stride = table.rows.size() / max_points + 1;
  Json result;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<double> values;
    for (std::size_t row = 0; row < table.rows.size(); ++row)
      if (row % stride == 0 || row + 1 == table.rows.size())
        values.push_back(table.rows[row][column]);
    result[table.columns[column]] = shortened(values);
  }
  return result;
}

std::string training_summary(const TrainingLog& log) {
  std::string html;
  for (const auto& row : log.epochs.rows) {
    const auto at = [&](const char* column) {
      return row[static_cast<std::size_t>(std::ranges::find(log.epochs.columns, column) -
                                          log.epochs.columns.begin())];
    };
    if (at("best") == 1)
      html = fmt::format(
          "<p>The model is the best on dev: {}after epoch {} (step {}).</p>",
          std::isnan(at("dev_eer")) ? "" : fmt::format("EER {:.2f} % ", 100 * at("dev_eer")),
          at("epoch"), at("step"));
  }
  return html;
}

}  // namespace

void write_report(const std::string& path, const ReportContent& content) {
  std::map<std::string_view, std::string> parts{
      {"title", escaped(content.title)},
      {"figures", figures_section(content.systems)},
      {"groups", groups_section(content.systems)},
      {"no_reliability", without_reliability(content.systems)},
      {"training", ""},
      {"umap_js", std::string(umap_js)},
      {"chart_js", std::string(chart_js)}};
  Json data{
      {"training", nullptr},
      {"det", nullptr},
      {"histograms", Json::array()},
      {"calibrations", Json::array()},
      {"reliability", reliability_charts(content.systems)},
      {"groups", group_charts(content.systems)},
      {"errors", errors_of(content.errors)},
      {"map", content.embeddings.rows.rows() > 2 ? map_of(content.embeddings) : Json(nullptr)}};
  if (!content.training_log.empty()) {
    const auto log = read_training_log(content.training_log);
    parts["training"] = training_summary(log);
    data["training"] = {{"steps", columns(log.steps)}, {"epochs", columns(log.epochs)}};
  }
  if (!content.systems.empty()) data["det"] = det_axes(content.systems);
  const std::optional<double> none;
  for (const auto& system : content.systems) {
    const bool is_first = &system == content.systems.data();  // which has threshold and calibration
    const auto& threshold = is_first ? content.threshold : none;
    const auto scores = split_scores(system.trials);
    data["det"]["systems"].push_back(det_curve_of(system, scores, threshold));
    data["histograms"].push_back(histogram_of(system, scores, threshold));
    data["calibrations"].push_back(
        calibration_of(system, scores, is_first ? content.calibration : std::nullopt));
  }
  parts["data"] = script_json(data);
  write_file(path, filled(page_html, parts));
}

}  // namespace twinear
