// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace twinear {

/// The kind of trouble, for programs. what() tells it to people.
enum class Fault {
  io,        ///< a file or stream that cannot be read or written
  format,    ///< content that is not what it claims to be
  config,    ///< a recipe, an option or a model's description
  mismatch,  ///< two things that do not belong together
  numeric,   ///< a value that is not finite, a training run that collapsed
};

/// Thrown for anything wrong with the outside world: files, recipes, models.
/// A wrong call is a bug in the caller and throws std::invalid_argument.
class Error : public std::runtime_error {
 public:
  /// `message` is one line, the place first.
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}

  Fault fault() const noexcept { return fault_; }

  /// The same trouble seen from one step further out.
  Error within(std::string_view place) const {
    return {fault_, std::string(place) + ": " + what()};
  }

 private:
  Fault fault_;
};

}  // namespace twinear
