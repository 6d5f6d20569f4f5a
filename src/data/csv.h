// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace twinear {

/// A record of a CSV file and the number, from 1, of the line on which it begins.
struct CsvRecord {
  std::size_t line;
  std::vector<std::string> fields;
};

/// Parses comma-separated values (RFC 4180). Lines may end in \n or \r\n, and blank lines are
/// skipped. Throws Error (format) that begins with `place` and the line.
std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& place);

/// Writes a field so that parse_csv reads it back: in quotes if necessary.
std::string csv_field(std::string_view text);

}  // namespace twinear
