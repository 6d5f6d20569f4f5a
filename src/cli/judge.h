// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/command.h"
#include "twinear/verifier.h"

namespace twinear::cli {

/// From where on two clips are taken as of the same source, as a command is told it.
struct ThresholdArguments {
  std::optional<double> threshold, at_fpr;

  void add_to(Command& command);
};

/// How scores become verdicts in a run.
class Judge {
 public:
  /// Throws Error where there could be no verdict, before a clip is read. `path` is the model's.
  Judge(const Verifier& verifier, const ThresholdArguments& args, std::string path);

  /// Lengths of clips are looked at where the calibration asks for them; 0 is not known.
  Verdict operator()(double score, const Lengths& seconds) const;

 private:
  const Verifier& verifier_;
  std::string path_;
  std::optional<double> threshold_;
  std::string from_;  // of a threshold for --at-fpr
};

nlohmann::ordered_json number_or_null(const std::optional<double>& value);

/// Score, log-likelihood ratio and probability, with tabs between; "-" where there is none.
std::string columns(const Verdict& verdict);

}  // namespace twinear::cli
