// SPDX-License-Identifier: Apache-2.0
#include "data/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "twinear/error.h"

namespace twinear {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& place) : text_(text), place_(place) {
    if (text_.starts_with("\xEF\xBB\xBF"))
      at_ = 3;  // skips the byte order mark that some editors write
  }

  std::vector<CsvRecord> records() {
    std::vector<CsvRecord> records;
    while (at_ < text_.size()) {
      CsvRecord record{line_, {field()}};
      while (take(',')) record.fields.push_back(field());
      const bool returned = take('\r');  // alone it ends a line of old editors
      if (at_ < text_.size() && !take('\n') && !returned)
        refuse("text after a closing quote; expected a comma or the end of the line");
      ++line_;
      if (record.fields.size() > 1 || !record.fields[0].empty())
        records.push_back(std::move(record));
    }
    return records;
  }

 private:
  bool take(char c) {
    const bool here = at_ < text_.size() && text_[at_] == c;
    if (here) ++at_;
    return here;
  }

  std::string field() {
    if (take('"')) return quoted();
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const std::string_view plain = text_.substr(at_, end - at_);
    if (plain.find('"') != plain.npos) refuse("a quote within an unquoted field");
    at_ = end;
    return std::string(plain);
  }

  std::string quoted() {
    std::string value;
    for (const std::size_t opened = line_;; value += '"') {
      const auto end = text_.find('"', at_);
      if (end == text_.npos) {
        line_ = opened;
        refuse("a quote is not closed");
      }
      const std::string_view part = text_.substr(at_, end - at_);
      line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
      value += part;
      at_ = end + 1;
      if (!take('"')) return value;
    }
  }

  [[noreturn]] void refuse(const char* reason) const {
    throw Error(Fault::format, fmt::format("{}:{}: {}", place_, line_, reason));
  }

  std::string_view text_;
  const std::string& place_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& place) {
  return Parser(text, place).records();
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

}  // namespace twinear
