// SPDX-License-Identifier: Apache-2.0
#include "data/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/number.h"

namespace twinear {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::size_t block = std::size_t{1} << 18, max_line = std::size_t{1} << 20;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Removes the first word from `text` and returns it.
std::string_view pop_word(std::string_view& text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

}  // namespace

TextFile::TextFile(const std::string& path) : path_(path), stream_(path) {}

/// Moves to the next line and returns whether there is one.
bool TextFile::next_line() {
  std::size_t end = rest_.find('\n');
  while (end == rest_.npos && !ended_) {
    const std::size_t kept = rest_.size();
    if (kept > max_line) {
      ++number_;
      refuse("a line of more than 1 MiB");
    }
    std::copy(rest_.begin(), rest_.end(), buffer_.begin());
    buffer_.resize(kept + block);
    const std::size_t got = stream_.read(std::span(buffer_).subspan(kept));
    ended_ = got == 0;
    rest_ = std::string_view(buffer_).substr(0, kept + got);
    end = rest_.find('\n', kept);
  }
  if (rest_.empty()) return false;
  line_ = rest_.substr(0, end);
  rest_.remove_prefix(std::min(line_.size() + 1, rest_.size()));
  ++number_;
  return true;
}

const std::vector<std::string_view>& TextFile::next() {
  words_.clear();
  while (words_.empty() && next_line()) {
    std::string_view line = line_;
    for (auto word = pop_word(line); !word.empty(); word = pop_word(line)) words_.push_back(word);
  }
  return words_;
}

std::vector<std::string_view> TextFile::between_tabs() const {
  std::vector<std::string_view> parts;
  std::string_view rest = line_.substr(0, line_.find_last_not_of("\r\n") + 1);
  for (auto tab = rest.find('\t'); tab != rest.npos; tab = rest.find('\t')) {
    parts.push_back(rest.substr(0, tab));
    rest.remove_prefix(tab + 1);
  }
  parts.push_back(rest);
  return parts;
}

std::string_view TextFile::after_first_word() const {
  std::string_view rest = line_;
  pop_word(rest);
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  return rest.substr(0, rest.find_last_not_of(blanks) + 1);
}

std::string TextFile::place() const { return fmt::format("{}:{}", path_, number_); }

void TextFile::refuse(const std::string& reason) const {
  throw Error(Fault::format, place() + ": " + reason);
}

std::optional<double> finite_number(std::string_view word) {
  const auto value = parse_number(word);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace twinear
