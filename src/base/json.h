// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "twinear/fields.h"

namespace twinear {

/// Parses JSON and keeps the order of keys. Throws Error (format) that begins with `place` for
/// malformed text and for duplicate keys, which nlohmann-json accepts silently.
nlohmann::ordered_json parse_json(const std::string& text, const std::string& place);

/// The JSON of a value, and of values: an object with their keys in their order.
nlohmann::ordered_json json_of(const Value& value);
nlohmann::ordered_json json_of(const Values& values);

/// The text of a JSON value; bytes that are not UTF-8 are replaced.
std::string shown(const nlohmann::ordered_json& value);

}  // namespace twinear
