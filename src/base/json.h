// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinear {

/// Parses JSON and refuses what nlohmann-json takes without a word: the second of two equal keys.
/// Throws Error (format) that begins with `place`.
nlohmann::ordered_json parse_json(const std::string& text, const std::string& place);

}  // namespace twinear
