// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace twinear {

/// The kind of an error, for programs to tell apart. what() explains the error to people.
enum class Fault {
  io,        ///< A file or stream cannot be read or written.
  format,    ///< The content of a file is malformed.
  config,    ///< A value in a recipe, an option or a model is invalid.
  mismatch,  ///< Two things do not fit together, for example a model and a database.
  numeric,   ///< A value is not finite, or a training run has collapsed.
};

/// The exception for everything that is wrong outside of the program: files, recipes, models. Wrong
/// calls throw std::invalid_argument instead, since they are bugs of the caller.
class Error : public std::runtime_error {
 public:
  /// `message` is one line that begins with the place of the error.
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}

  /// The kind of the error.
  Fault fault() const noexcept { return fault_; }

  /// Returns this error with `place` and a colon before its message.
  Error within(std::string_view place) const {
    return {fault_, std::string(place) + ": " + what()};
  }

 private:
  Fault fault_;
};

}  // namespace twinear
