// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "base/within.h"
#include "cli/identifier.h"
#include "cli/interrupt.h"
#include "data/pcm_stream.h"
#include "twinear/error.h"
#include "twinear/stream.h"

namespace twinear::cli {
namespace {

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

/// Asks whose each window of the stream is.
class Listener {
 public:
  Listener(const Identifier& identifier, const StreamArguments& args)
      : identifier_(identifier),
        windows_{args.window, args.hop},
        pcm_({.sample_rate = args.rate,
              .sample = args.format == "f32" ? PcmFormat::Sample::f32 : PcmFormat::Sample::s16}) {}

  void push(std::span<const char> bytes) { take(pcm_.push(bytes)); }

  void finish() {
    take(pcm_.finish());
    if (stream_) ask(stream_->finish());
  }

  std::size_t invalid_samples() const { return pcm_.invalid_samples(); }

 private:
  void take(const std::vector<float>& samples) {
    if (samples.empty()) return;
    if (!stream_) stream_.emplace(identifier_.verifier(), pcm_.format().sample_rate, windows_);
    ask(stream_->push(samples));
  }

  void ask(std::vector<StreamWindow> windows) const {
    std::vector<Question> questions;
    for (StreamWindow& window : windows)
      questions.push_back(
          {.start = window.start, .end = window.end, .clip = std::move(window.clip)});
    if (!questions.empty()) identifier_.answer(questions);
  }

  const Identifier& identifier_;
  WindowOptions windows_;
  PcmStream pcm_;
  std::optional<EmbeddingStream> stream_;  // once the stream has told its rate
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
