// SPDX-License-Identifier: Apache-2.0
#include "report/training_log.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"

namespace twinear {
namespace {

double number(const nlohmann::ordered_json& line, const std::string& key) {
  const auto found = line.find(key);
  if (found == line.end()) return std::numeric_limits<double>::quiet_NaN();
  if (found->is_boolean()) return found->get<bool>() ? 1 : 0;
  return found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

void append(TrainingLog::Table& table, const nlohmann::ordered_json& line) {
  std::vector<double> row;
  for (const auto& column : table.columns) row.push_back(number(line, column));
  while (!table.rows.empty() && table.rows.back().front() >= row.front()) table.rows.pop_back();
  table.rows.push_back(std::move(row));
}

}  // namespace

TrainingLog read_training_log(const std::string& path) {
  TrainingLog log;
  log.steps.columns = {
      "step",     "loss",     "learning_rate", "gradient_norm", "active",
      "positive", "negative", "spread",        "data_wait",     "clips_per_second"};
  log.epochs.columns = {"step", "epoch", "dev_eer", "dev_min_dcf", "best"};

  const std::string text = read_file(path);
  std::size_t begin = 0, number_of_line = 1;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto line =
        parse_json(text.substr(begin, end - begin), fmt::format("{}:{}", path, number_of_line++));
    if (line.is_object() && std::isfinite(number(line, "step")))
      append(line.contains("epoch") ? log.epochs : log.steps, line);
  }
  return log;
}

}  // namespace twinear
