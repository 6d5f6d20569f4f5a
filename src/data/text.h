// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "twinear/error.h"

namespace twinear {

/// Reads a text file line by line, so that it is never whole in memory. Blank lines are skipped. A
/// line may have at most 1 MiB. One thread at a time may use it.
class TextFile {
 public:
  /// Opens a file. Throws Error (io), path first.
  explicit TextFile(const std::string& path);

  /// Moves to the next line and returns its words, which live until the next call; none at the end.
  const std::vector<std::string_view>& next();

  /// The parts of the current line between its tabs.
  std::vector<std::string_view> between_tabs() const;

  /// The rest of the current line after its first word, without blanks at both ends.
  std::string_view after_first_word() const;

  /// The place of the current line as "path:line".
  std::string place() const;

  /// Throws Error (format) that begins with place().
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  bool next_line();

  std::string path_, buffer_;
  FileStream stream_;
  std::string_view rest_, line_;  // parts of the buffer
  std::vector<std::string_view> words_;
  std::size_t number_ = 0;
  bool ended_ = false;
};

/// The number that the whole of `word` spells, if it is one and is finite.
std::optional<double> finite_number(std::string_view word);

}  // namespace twinear
