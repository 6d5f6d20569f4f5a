// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/console.h"
#include "twinear/verifier.h"

namespace twinear::cli {

/// What is known of a clip once it was heard.
struct Heard {
  std::vector<float> embedding;
  double seconds = 0;
  std::vector<std::string> warnings;
  std::string error;  // instead of all that
};

/// Hears clips in parallel; `done` of all is shown where there is a progress.
std::vector<Heard> hear(const Verifier& verifier, std::span<const Clip> clips, int channel,
                        Progress* progress = nullptr);

}  // namespace twinear::cli
