// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "twinear/fields.h"

namespace twinear {

/// Parses JSON and keeps the order of keys. Throws Error (format) that begins with `place` for
/// malformed text and for duplicate keys, which nlohmann-json accepts silently.
nlohmann::ordered_json parse_json(const std::string& text, const std::string& place);

/// Parses JSON of many keys, whose order is lost: a key of an ordered object is compared with all
/// before it. Throws as parse_json().
nlohmann::json parse_large_json(const std::string& text, const std::string& place);

/// Converts a value to JSON, and values to an object with their keys in their order.
nlohmann::ordered_json json_of(const Value& value);
nlohmann::ordered_json json_of(const Values& values);

/// The text of a JSON value. Bytes that are not UTF-8 are replaced by U+FFFD.
std::string shown(const nlohmann::ordered_json& value);

/// Replaces each byte sequence of `text` that is not UTF-8, which file names may have, by U+FFFD.
/// Returns valid UTF-8 unchanged.
std::string valid_utf8(const std::string& text);

}  // namespace twinear
