// SPDX-License-Identifier: Apache-2.0
#include "data/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/files.h"

namespace twinear {
namespace {

constexpr std::string_view blanks = " \t\r";

/// Takes the first word off `text`.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

TextFile::TextFile(const std::string& path)
    : path_(path), bytes_(read_file(path, std::size_t{1} << 32)), rest_(bytes_) {}

std::vector<std::string_view> TextFile::next() {
  std::vector<std::string_view> words;
  while (words.empty() && !rest_.empty()) {
    line_ = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(line_.size() + 1, rest_.size()));
    ++number_;
    std::string_view line = line_;
    for (auto word = take_word(line); !word.empty(); word = take_word(line)) words.push_back(word);
  }
  return words;
}

std::string_view TextFile::after_first_word() const {
  std::string_view rest = line_;
  take_word(rest);
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  return rest.substr(0, rest.find_last_not_of(blanks) + 1);
}

std::string TextFile::place() const { return fmt::format("{}:{}", path_, number_); }

void TextFile::refuse(const std::string& reason) const {
  throw Error(Fault::format, place() + ": " + reason);
}

std::optional<double> finite_number(std::string_view word) {
  double value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc{} || end != word.data() + word.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace twinear
