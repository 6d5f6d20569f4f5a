// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "report/report.h"

namespace twinear {

/// The section with a table for each grouping of each system, and room for their charts; empty
/// where no system has groups.
std::string groups_section(std::span<const ReportedScores> systems);

/// For each grouping of each system: its title, the names of the groups with figures, and for each
/// figure its name and, in percent, the value and both ends of the interval of each group.
nlohmann::ordered_json group_charts(std::span<const ReportedScores> systems);

/// For each system whose scores are LLRs: its name and, in percent, the mean certainty, the share
/// of right answers and both ends of its interval of each bin.
nlohmann::ordered_json reliability_charts(std::span<const ReportedScores> systems);

/// Says which systems say no certainty; empty where all do.
std::string without_reliability(std::span<const ReportedScores> systems);

}  // namespace twinear
