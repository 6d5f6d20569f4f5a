// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace twinear {

/// A record and the line on which it begins.
struct CsvRecord {
  std::size_t line;
  std::vector<std::string> fields;
};

/// Comma-separated values as RFC 4180 has them, with any line ends; blank lines are passed over.
/// Throws Error (format) with `place` and the line.
std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& place);

/// A field as parse_csv reads it back: in quotes where it must be.
std::string csv_field(std::string_view text);

}  // namespace twinear
