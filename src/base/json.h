// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinear {

/// Parses JSON and keeps the order of keys. Throws Error (format) that begins with `place` for
/// malformed text and for duplicate keys, which nlohmann-json accepts silently.
nlohmann::ordered_json parse_json(const std::string& text, const std::string& place);

}  // namespace twinear
