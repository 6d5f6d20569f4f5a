// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear::cli {

/// The file of a model as --model names it: a path, "speaker" or "sound"; "" is "speaker".
/// Throws Error (config) where that model did not come with this installation.
std::string find_model(const std::string& name);

}  // namespace twinear::cli
