// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <span>

#include "base/within.h"
#include "cli/identifier.h"
#include "cli/interrupt.h"
#include "data/pcm_stream.h"
#include "features/vad.h"
#include "twinear/error.h"
#include "twinear/quality.h"

namespace twinear::cli {
namespace {

constexpr double min_seconds = 0.5;  // of a last window that the end has cut

/// Bytes that come when they come.
class Input {
 public:
  explicit Input(const std::string& path)
      : name_(path == "-" ? "standard input" : path),
        descriptor_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  ~Input() {
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  const std::string& name() const { return name_; }

  /// What is there; nothing at the end, or once the user has interrupted.
  std::span<const char> read(const Interrupt& interrupt) {
    constexpr int patience_ms = 100;  // until the next look at the interrupt
    while (interrupt.signal() == 0) {
      pollfd waiting{descriptor_, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, patience_ms);
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      const auto got = ::read(descriptor_, bytes_.data(), bytes_.size());
      if (got >= 0) return {bytes_.data(), static_cast<std::size_t>(got)};
      if (errno != EINTR && errno != EAGAIN) fail();
    }
    return {};
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(Fault::io, fmt::format("{}: {}", name_, std::strerror(errno)));
  }
  std::string name_;
  int descriptor_;
  std::array<char, 1U << 16U> bytes_{};
};

/// Cuts samples into windows, a hop apart.
class Windows {
 public:
  /// Told of a window and the number of its first sample.
  using Take = std::function<void(std::size_t first, std::span<const float> window)>;

  Windows(std::size_t length, std::size_t hop, Take take)
      : length_(length), hop_(hop), take_(std::move(take)) {}

  void push(std::span<const float> samples) {
    held_.insert(held_.end(), samples.begin(), samples.end());
    std::size_t used = 0;
    for (; held_.size() - used >= length_; used += hop_, fresh_from_ = length_ - hop_)
      take_(first_ + used, std::span(held_).subspan(used, length_));
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used));
    first_ += used;
  }

  /// The rest, where it is long enough and no window held all of it.
  void finish(std::size_t least) {
    if (held_.size() >= least && held_.size() > fresh_from_) take_(first_, held_);
  }

 private:
  std::size_t length_, hop_;
  Take take_;
  std::vector<float> held_;     // not behind every window to come
  std::size_t first_ = 0;       // the number of its first sample
  std::size_t fresh_from_ = 0;  // what lies before it was in a window
};

/// Listens at the model's rate, to whatever rate comes.
class Listener {
 public:
  Listener(const Identifier& identifier, const StreamArguments& args)
      : identifier_(identifier),
        log_mel_(identifier.verifier().model().front_end),
        rate_(log_mel_.front_end().sample_rate),
        pcm_({.sample_rate = args.rate,
              .sample = args.format == "f32" ? PcmFormat::Sample::f32 : PcmFormat::Sample::s16}),
        windows_(samples(args.window), samples(args.hop),
                 [this](std::size_t first, std::span<const float> window) { ask(first, window); }) {
  }

  void push(std::span<const char> bytes) {
    const auto heard = pcm_.push(bytes);
    if (heard.empty()) return;
    const int rate = pcm_.format().sample_rate;
    if (rate == rate_) return windows_.push(heard);
    if (!resampler_) resampler_.emplace(rate, rate_);
    windows_.push(resampler_->push(heard));
  }

  void finish() {
    if (resampler_) windows_.push(resampler_->finish());
    windows_.finish(samples(min_seconds));
  }

  std::size_t invalid_samples() const { return pcm_.invalid_samples(); }

 private:
  std::size_t samples(double seconds) const {
    return static_cast<std::size_t>(std::lround(seconds * rate_));
  }

  void ask(std::size_t first, std::span<const float> window) const {
    const Waveform waveform{rate_, {window.begin(), window.end()}};
    const double start = static_cast<double>(first) / rate_;
    Question question{
        .start = start, .end = start + waveform.seconds(), .seconds = waveform.seconds()};
    QualityCheck check(rate_);
    check.push(window);
    const auto flaw = check.issue();
    question.silence = (flaw && flaw->kind == QualityIssue::Kind::silence) ||
                       find_speech(window, log_mel_.computer()).amount != SpeechAmount::enough;
    if (!question.silence) question.embedding = identifier_.verifier().embed(waveform);
    identifier_.answer({question});
  }

  const Identifier& identifier_;
  LogMel log_mel_;
  int rate_;  // Hz, the model's
  PcmStream pcm_;
  std::optional<Resampler> resampler_;
  Windows windows_;
};

}  // namespace

void identify_stream(const Identifier& identifier, const StreamArguments& args,
                     const Console& console) {
  if (args.hop > args.window)
    throw Error(Fault::config,
                fmt::format("a hop of {:g} s leaves out sound between windows of {:g} s", args.hop,
                            args.window));
  const Interrupt interrupt;
  Input input(args.path);
  Listener listener(identifier, args);
  within(input.name(), [&] {
    bool told = false;
    for (auto bytes = input.read(interrupt); !bytes.empty(); bytes = input.read(interrupt)) {
      listener.push(bytes);
      if (told || listener.invalid_samples() == 0) continue;
      console.warn(input.name() + ": samples that are no number; they are taken as silence");
      told = true;
    }
    listener.finish();
  });
}

}  // namespace twinear::cli
