// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "twinear/metrics.h"

namespace twinear {

/// The text with the characters that HTML reserves as entities.
std::string escaped(std::string_view text);

/// What a cell of a table holds: a figure, with its interval below it.
std::string cell(double value, const Interval& interval);
std::string percent(double value, const Interval& interval);

/// The value with six digits, which are all that a chart can show and halve the page.
double shortened(double value);
nlohmann::ordered_json shortened(std::span<const double> values);

}  // namespace twinear
