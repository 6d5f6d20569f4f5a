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

/// A file, pipe or standard input whose bytes come at any time.
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

  /// Waits for the next bytes; returns none at the end or after an interrupt.
  std::span<const char> read(const Interrupt& interrupt) {
    constexpr int patience_ms = 100;  // before an interrupt is noticed
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

}  // namespace

void identify_stream(const Identifier& identifier, const StreamArguments& args,
                     const Console& console) {
  if (args.hop > args.window)
    throw Error(Fault::config,
                fmt::format("a hop of {:g} s leaves out sound between windows of {:g} s", args.hop,
                            args.window));
  const Interrupt interrupt;
  Input input(args.path);
  PcmStream pcm({.sample_rate = args.rate,
                 .sample = args.format == "f32" ? PcmFormat::Sample::f32 : PcmFormat::Sample::s16});
  std::optional<EmbeddingStream> stream;  // made once the header has told the rate
  const auto answer = [&](std::vector<StreamWindow> windows) {
    std::vector<Question> questions;
    for (auto& [start, end, clip] : windows)
      questions.push_back({.start = start, .end = end, .clip = std::move(clip)});
    if (!questions.empty()) identifier.answer(questions);
  };
  const auto take = [&](const std::vector<float>& samples) {
    if (samples.empty()) return;
    if (!stream)
      stream.emplace(identifier.verifier(), pcm.format().sample_rate,
                     WindowOptions{args.window, args.hop});
    answer(stream->push(samples));
  };
  within(input.name(), [&] {
    bool told = false;
    for (auto bytes = input.read(interrupt); !bytes.empty(); bytes = input.read(interrupt)) {
      take(pcm.push(bytes));
      if (told || pcm.invalid_samples() == 0) continue;
      console.warn(input.name() + ": samples that are not finite are taken as silence");
      told = true;
    }
    take(pcm.finish());
    if (stream) answer(stream->finish());
  });
}

}  // namespace twinear::cli
