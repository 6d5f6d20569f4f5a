// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace twinear::cli {
namespace {

constexpr std::chrono::milliseconds live_interval{100};
constexpr std::chrono::seconds line_interval{10};

/// The longest line, in columns, that the terminal does not wrap.
std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1U
                                                                            : 79U;
}

std::string bar(double share) {
  constexpr std::size_t width = 24;
  const auto full = static_cast<std::size_t>(share * width);
  return fmt::format("[{}{}]", std::string(full, '='), std::string(width - full, ' '));
}

std::string clock_text(double seconds) {
  const long long s = std::llround(seconds);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

void Console::say(Level level, const std::string& line) const {
  if (shows(level)) fmt::print(stderr, "{}\n", line);
}

Progress::Progress(const Console& console, std::string unit, std::uint64_t total)
    : unit_(std::move(unit)),
      total_(std::max<std::uint64_t>(total, 1)),
      shown_(console.shows(Level::info)),
      live_(::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\n", stderr);
}

void Progress::at(std::uint64_t done, const std::string& note) {
  const auto now = Clock::now();
  if (!begun_) {
    begun_ = true;
    first_ = done;
    start_ = now;
  }
  const bool due =
      live_ ? now - last_ >= live_interval || done >= total_ : now - last_ >= line_interval;
  if (!shown_ || !due) return;
  last_ = now;

  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done - first_) / seconds : 0.0;
  std::string text = fmt::format("{}/{} {}", done, total_, unit_);
  if (rate > 0)
    text += fmt::format(", {:.3g}/s, ETA {}", rate,
                        clock_text(static_cast<double>(total_ - std::min(done, total_)) / rate));
  if (!note.empty()) text += ", " + note;
  if (live_) {
    text = bar(share) + " " + text;
    text.resize(std::min(text.size(), terminal_width()));
    fmt::print(stderr, "\r{}\x1b[K", text);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

void in_batches(const Console& console, std::size_t clips, std::size_t batch,
                const std::function<void(std::size_t begin, std::size_t count)>& work) {
  Progress progress(console, "clips", clips);
  for (std::size_t begin = 0; begin < clips; begin += batch) {
    const std::size_t count = std::min(batch, clips - begin);
    work(begin, count);
    progress.at(begin + count);
  }
}

}  // namespace twinear::cli
