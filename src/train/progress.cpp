// SPDX-License-Identifier: Apache-2.0
#include "train/progress.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "twinear/error.h"

namespace twinear {

double figure(const EpochReport& report) {
  if (std::isfinite(report.dev_eer)) return report.dev_eer;
  return std::isfinite(report.dev_cosine) ? 1 - report.dev_cosine : report.dev_table;
}

bool Progress::evaluated(const EpochReport& report, const OptimizerOptions& optimizer) {
  const bool best = best_epoch == 0 || figure(report) < best_figure;
  if (best) {
    best_figure = figure(report);
    best_cosine = report.dev_cosine;
    best_epoch = report.epoch;
  }
  since_best = best ? 0 : since_best + 1;
  since_drop = best ? 0 : since_drop + 1;
  if (optimizer.plateau > 0 && since_drop >= optimizer.plateau) {
    rate_factor *= optimizer.decay;
    since_drop = 0;
  }
  return best;
}

std::string Progress::json() const {
  nlohmann::ordered_json json{{"step", step},
                              {"best_epoch", best_epoch},
                              {"best_eer", best_figure},
                              {"since_best", since_best},
                              {"since_drop", since_drop},
                              {"rate_factor", rate_factor}};
  if (std::isfinite(best_cosine)) json["best_cosine"] = best_cosine;
  return json.dump();
}

Progress Progress::from_json(const std::string& text, const std::string& place) try {
  const auto json = parse_json(text, place);
  return {.step = json.at("step").get<std::uint64_t>(),
          .best_epoch = json.at("best_epoch").get<int>(),
          .best_figure = json.at("best_eer").get<double>(),
          .best_cosine = json.value("best_cosine", std::numeric_limits<double>::quiet_NaN()),
          .since_best = json.at("since_best").get<int>(),
          .since_drop = json.at("since_drop").get<int>(),
          .rate_factor = json.at("rate_factor").get<double>()};
} catch (const nlohmann::json::exception&) {
  throw Error(Fault::format, place + ": the text is not the progress of a training run");
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void StepTotals::add(const LossValue& loss, const BatchSpread& spread) {
  ++sums_.batches;
  sums_.loss += loss.mean;
  sums_.tuples += static_cast<double>(loss.tuples);
  sums_.active += static_cast<double>(loss.active);
  sums_.spread.positive += spread.positive;
  sums_.spread.negative += spread.negative;
  sums_.spread.spread += spread.spread;
}

void StepTotals::add_step(double gradient_norm) {
  ++sums_.steps;
  sums_.gradient_norm += gradient_norm;
}

void StepTotals::add_wait(double seconds) { sums_.waited += seconds; }

void StepTotals::skip(Clock::duration time) { sums_.since += time; }

StepReport StepTotals::report(std::uint64_t step, std::uint64_t steps, double rate,
                              std::size_t batch_size) {
  const double n = std::max(1, sums_.batches), seconds = seconds_since(sums_.since);
  waited_ += sums_.waited;
  trained_ += seconds;
  const Sums s = std::exchange(sums_, Sums());
  return {.step = step,
          .steps = steps,
          .loss = s.loss / n,
          .learning_rate = rate,
          .gradient_norm = s.gradient_norm / std::max(1, s.steps),
          .active = s.tuples > 0 ? s.active / s.tuples : 0,
          .positive = s.spread.positive / n,
          .negative = s.spread.negative / n,
          .spread = s.spread.spread / n,
          .data_wait = s.waited / seconds,
          .clips_per_second = n * static_cast<double>(batch_size) / seconds};
}

RunLog::RunLog(std::string path, std::uint64_t resumed_at) : path_(std::move(path)) {
  std::string kept;
  if (resumed_at > 0 && std::filesystem::exists(path_)) {
    std::istringstream lines(read_file(path_));
    for (std::string line; std::getline(lines, line);) {
      const auto entry = nlohmann::json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("step", std::uint64_t{0}) <= resumed_at)
        kept += line + "\n";
    }
  }
  write_file(path_, kept);
  out_.open(path_, std::ios::app);
}

void RunLog::line(const nlohmann::ordered_json& entry) {
  out_ << entry.dump() << '\n' << std::flush;
  if (!out_) throw Error(Fault::io, path_ + ": cannot be written");
}

nlohmann::ordered_json to_json(const StepReport& r) {
  return {{"step", r.step},
          {"loss", r.loss},
          {"learning_rate", r.learning_rate},
          {"gradient_norm", r.gradient_norm},
          {"active", r.active},
          {"positive", r.positive},
          {"negative", r.negative},
          {"spread", r.spread},
          {"data_wait", r.data_wait},
          {"clips_per_second", r.clips_per_second}};
}

nlohmann::ordered_json to_json(const EpochReport& r) {
  nlohmann::ordered_json json{{"epoch", r.epoch}, {"step", r.step}};
  json.update(metrics_of(r));
  json["best"] = r.best;
  return json;
}

nlohmann::ordered_json metrics_of(const EpochReport& r) {
  auto json = nlohmann::ordered_json::object();
  for (const auto& [key, value] :
       {std::pair("dev_eer", r.dev_eer), std::pair("dev_min_dcf", r.dev_min_dcf),
        std::pair("dev_cosine", r.dev_cosine), std::pair("dev_table", r.dev_table)})
    if (std::isfinite(value)) json[key] = value;
  return json;
}

}  // namespace twinear
