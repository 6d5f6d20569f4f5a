// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "twinear/clip.h"
#include "twinear/decision.h"
#include "twinear/verifier.h"

namespace twinear::cli {

/// From which score on a command accepts two clips, as it is told on its command line.
struct AcceptanceArguments {
  std::optional<double> threshold, at_fpr;

  void add_to(Command& command);
  Acceptance acceptance() const;
};

/// The clips that arguments name; "-" is standard input.
std::vector<Clip> clips_of_arguments(std::span<const std::string> files);

/// The option --precision, and what it asks for; a CPU that does not know bf16 stays at fp32, which
/// is told.
void add_precision(Command& command, std::string& precision);
void set_precision(Verifier& verifier, const std::string& precision, const Console& console);

nlohmann::ordered_json number_or_null(const std::optional<double>& value);

/// Score, log-likelihood ratio and probability, with tabs between; "-" where there is none.
std::string columns(const Verdict& verdict);

}  // namespace twinear::cli
