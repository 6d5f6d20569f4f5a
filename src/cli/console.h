// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace twinear::cli {

/// How much standard error shows; each level includes those before it.
enum class Level { error, warning, info, debug };

/// Standard error, which takes all but results and the error that ends the program.
class Console {
 public:
  explicit Console(Level level = Level::info) : level_(level) {}

  bool shows(Level level) const noexcept { return level <= level_; }
  /// Prints a line if this level is shown; the others give it the name of the program and a level.
  void say(Level level, const std::string& line) const;
  void error(const std::string& line) const { say(Level::error, "twinear: " + line); }
  void warn(const std::string& line) const { say(Level::warning, "twinear: warning: " + line); }
  void info(const std::string& line) const { say(Level::info, "twinear: " + line); }

 private:
  Level level_;
};

/// Shows at Level::info how far long work is: on a terminal a live bar with rate and time left,
/// elsewhere at most a line every ten seconds.
class Progress {
 public:
  /// The whole work is `total` of `unit`, which is a plural.
  Progress(const Console& console, std::string unit, std::uint64_t total);
  ~Progress();  ///< ends the live line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows that `done` of the total are done, and a note. The rate counts from the first call.
  void at(std::uint64_t done, const std::string& note = "");

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  std::uint64_t total_;
  bool shown_, live_, drawn_ = false, begun_ = false;
  std::uint64_t first_ = 0;
  Clock::time_point start_, last_;
};

/// Calls work(begin, count) for one batch of the clips after another, each of at most `batch`, and
/// shows the progress.
void in_batches(const Console& console, std::size_t clips, std::size_t batch,
                const std::function<void(std::size_t begin, std::size_t count)>& work);

}  // namespace twinear::cli
