// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/number.h"

namespace twinear {

std::string escaped(std::string_view text) {
  constexpr std::string_view special = "&<>\"'";
  constexpr std::array entities{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  std::string result;
  for (const char c : text)
    if (const auto at = special.find(c); at != special.npos)
      result += entities[at];
    else
      result += c;
  return result;
}

std::string cell(double value, const Interval& interval) {
  return fmt::format("{:.3f}<small>{:.3f} to {:.3f}</small>", value, interval.low, interval.high);
}

std::string percent(double value, const Interval& interval) {
  return fmt::format("{:.2f} %<small>{:.1f} to {:.1f} %</small>", 100 * value, 100 * interval.low,
                     100 * interval.high);
}

double shortened(double value) { return *parse_number(fmt::format("{:.6g}", value)); }

nlohmann::ordered_json shortened(std::span<const double> values) {
  auto result = nlohmann::ordered_json::array();
  for (const double value : values) result.push_back(shortened(value));
  return result;
}

}  // namespace twinear
