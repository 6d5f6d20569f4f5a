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

/// A text file, a line of at most 1 MiB at a time, never whole in memory; blank lines are passed
/// over.
class TextFile {
 public:
  explicit TextFile(const std::string& path);

  /// The next line's words, or none at the end. They live until the next call.
  const std::vector<std::string_view>& next();

  /// What follows the first word of the current line, without blanks at its ends.
  std::string_view after_first_word() const;

  /// "path:line" of the current line.
  std::string place() const;

  /// Throws Error (format) with that place.
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  bool next_line();

  std::string path_, buffer_;
  FileStream stream_;
  std::string_view rest_, line_;  // of the buffer
  std::vector<std::string_view> words_;
  std::size_t number_ = 0;
  bool ended_ = false;
};

/// The finite number that the whole of `word` is.
std::optional<double> finite_number(std::string_view word);

}  // namespace twinear
