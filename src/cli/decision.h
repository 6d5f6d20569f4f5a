// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "twinear/verifier.h"

namespace twinear::cli {

/// The options --threshold, --at-fpr and --at-least, which say from which score on two clips are
/// accepted, and how sure an answer must be.
struct AcceptanceArguments {
  std::optional<double> threshold, at_fpr, at_least;

  /// `usual` says in words what acceptance() does by default.
  void add_to(Command& command, const std::string& usual);
  Acceptance acceptance(const Acceptance& usual = {}) const;
};

/// The clips that arguments name; "-" is standard input.
std::vector<Clip> clips_of_arguments(std::span<const std::string> files);

/// Loads the model that --model names. Without the option it is the model that a database was made
/// with, if `id` names it, else the default of find_model; standard error names it then.
Verifier load_verifier(const std::string& model, const std::string& id, const Console& console);

/// Prints the error and the warnings of a clip on standard error.
void tell(const ClipEmbedding& clip, const Console& console);

/// Adds the option --precision.
void add_precision(Command& command, std::string& precision);
/// Does what the option asks for. On a CPU without bf16 it warns and leaves fp32.
void set_precision(Verifier& verifier, const std::string& precision, const Console& console);

/// Null where there is no number, too.
nlohmann::ordered_json number_or_null(const std::optional<double>& value);

/// The columns of score, log-likelihood ratio and probability; a missing value is "-".
std::string columns(const Verdict& verdict);

}  // namespace twinear::cli
