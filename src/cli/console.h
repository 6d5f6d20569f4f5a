// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace twinear::cli {

/// How much is said on standard error; each level includes those before it.
enum class Level { error, warning, info, debug };

/// Standard error, for all that is neither a result nor the error that ends the program.
class Console {
 public:
  explicit Console(Level level = Level::info) : level_(level) {}

  bool shows(Level level) const noexcept { return level <= level_; }
  /// A line, where this level is shown.
  void say(Level level, const std::string& line) const;
  /// The same for what may be wrong: "PLACE: WHAT".
  void warn(const std::string& line) const { say(Level::warning, "twinear: warning: " + line); }

 private:
  Level level_;
};

/// How far a long piece of work is: on a terminal a live bar with rate and time left, else at most
/// a line every ten seconds. Shown at Level::info.
class Progress {
 public:
  /// `unit` in the plural; `total` of them make the whole.
  Progress(const Console& console, std::string unit, std::uint64_t total);
  ~Progress();  ///< ends the live line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of the total, and what else is worth knowing. The rate counts from the first call.
  void at(std::uint64_t done, const std::string& note = "");

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  std::uint64_t total_;
  bool shown_, live_, drawn_ = false, begun_ = false;
  std::uint64_t first_ = 0;
  Clock::time_point start_, last_;
};

}  // namespace twinear::cli
