// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace twinear {

/// The name that a key of a recipe or model has today. Most keys never had another one.
std::string_view key_today(std::string_view key);

/// The name that a value has today. `key` is its key, spelled as today.
std::string_view value_today(std::string_view key, std::string_view value);

/// A document of an earlier version with its keys and values, at any depth, spelled as today.
nlohmann::ordered_json spelled_today(const nlohmann::ordered_json& document);

}  // namespace twinear
