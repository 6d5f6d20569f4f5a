// SPDX-License-Identifier: Apache-2.0
#include "twinear/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "twinear/error.h"

namespace twinear {
namespace {

constexpr double min_seconds = 0.5;  // the shortest last window

}  // namespace

struct EmbeddingStream::State {
  State(const Verifier& by, int sample_rate, const WindowOptions& options)
      : verifier(by),
        rate(by.model().front_end.sample_rate),
        length(samples(options.seconds)),
        hop(samples(options.hop)) {
    if (sample_rate != rate) resampler.emplace(sample_rate, rate);
  }

  std::size_t samples(double seconds) const {
    return static_cast<std::size_t>(std::max(1L, std::lround(seconds * rate)));
  }

  Clip window(std::size_t from, std::size_t count) const {
    const auto samples = std::span(held).subspan(from, count);
    return clip_of_samples({rate, {samples.begin(), samples.end()}}, "a window of the stream");
  }

  /// Embeds the windows that are complete with these samples.
  std::vector<StreamWindow> cut(std::span<const float> next) {
    held.insert(held.end(), next.begin(), next.end());
    std::vector<Clip> clips;
    std::size_t used = 0;
    for (; held.size() - used >= length; used += hop, fresh_from = length - hop)
      clips.push_back(window(used, length));
    auto windows = embed(clips);
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
    first += used;
    return windows;
  }

  /// Embeds windows that are a hop apart; the first begins with the first held sample.
  std::vector<StreamWindow> embed(std::span<const Clip> clips) const {
    QualityGate gate = QualityGate::decision();
    gate.min_speech = verifier.model().front_end.vad_options.min_seconds;
    auto embedded = verifier.embed_each(clips, {.gate = gate});
    std::vector<StreamWindow> windows;
    for (std::size_t i = 0; i < embedded.size(); ++i) {
      const double start = static_cast<double>(first + i * hop) / rate;
      const double seconds = std::get<Waveform>(clips[i].memory).seconds();
      windows.push_back({start, start + seconds, std::move(embedded[i])});
    }
    return windows;
  }

  const Verifier& verifier;
  int rate;  // Hz, the model's
  std::size_t length, hop;
  std::optional<Resampler> resampler;
  std::vector<float> held;     // samples that a later window has
  std::size_t first = 0;       // the number of the first held sample in the stream
  std::size_t fresh_from = 0;  // the held samples before it were in a window
};

EmbeddingStream::EmbeddingStream(const Verifier& verifier, int sample_rate,
                                 const WindowOptions& options) {
  if (sample_rate < 1)
    throw std::invalid_argument("EmbeddingStream: expected a sample rate of at least 1 Hz");
  if (!(options.seconds > 0 && options.hop > 0))
    throw Error(Fault::config,
                fmt::format("windows of {:g} s with a hop of {:g} s; both must be above 0",
                            options.seconds, options.hop));
  if (options.hop > options.seconds)
    throw Error(Fault::config,
                fmt::format("a hop of {:g} s leaves out sound between windows of {:g} s",
                            options.hop, options.seconds));
  state_ = std::make_unique<State>(verifier, sample_rate, options);
}
EmbeddingStream::EmbeddingStream(EmbeddingStream&&) noexcept = default;
EmbeddingStream& EmbeddingStream::operator=(EmbeddingStream&&) noexcept = default;
EmbeddingStream::~EmbeddingStream() = default;

std::vector<StreamWindow> EmbeddingStream::push(std::span<const float> samples) {
  State& s = *state_;
  return s.resampler ? s.cut(s.resampler->push(samples)) : s.cut(samples);
}

std::vector<StreamWindow> EmbeddingStream::finish() {
  State& s = *state_;
  std::vector<StreamWindow> windows;
  if (s.resampler) windows = s.cut(s.resampler->finish());
  if (s.held.size() < s.samples(min_seconds) || s.held.size() <= s.fresh_from) return windows;
  const Clip rest = s.window(0, s.held.size());
  for (StreamWindow& window : s.embed(std::span(&rest, 1))) windows.push_back(std::move(window));
  s.held.clear();
  return windows;
}

}  // namespace twinear
