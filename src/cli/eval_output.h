// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>

#include "report/report.h"

namespace twinear::cli {

/// The tasks of every evaluation, and their names in JSON.
struct UsualTask {
  const char* key;
  Task task;
};
constexpr std::array usual_tasks{UsualTask{"001", {.p_target = 0.01}},
                                 UsualTask{"005", {.p_target = 0.05}}};

/// The figures of a system as one object of JSON.
nlohmann::ordered_json json_of(const ReportedScores& system);

/// Prints the figures of a system as tables.
void print(const ReportedScores& system);

}  // namespace twinear::cli
