// SPDX-License-Identifier: Apache-2.0
// Comma-separated values: what is read and written again reads the same.
#include "data/csv.h"
#include "fuzz/fuzz.h"

namespace twinear {

void fuzz_csv(std::string_view bytes) {
  const auto records = parse_csv(bytes, "a.csv");
  std::string text = "\xEF\xBB\xBF";
  for (const auto& record : records) {
    for (const auto& field : record.fields) text += csv_field(field) + ",";
    text.back() = '\n';
  }
  const auto again = parse_csv(text, "again.csv");
  require(again.size() == records.size());
  for (std::size_t i = 0; i < again.size(); ++i) require(again[i].fields == records[i].fields);
}

}  // namespace twinear
