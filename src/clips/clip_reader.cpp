// SPDX-License-Identifier: Apache-2.0
#include "clips/clip_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/within.h"

namespace twinear {
namespace {

constexpr int lowest_rate = 1000, highest_rate = 768000;  // Hz
constexpr std::size_t piece_size = std::size_t{1} << 15;  // samples

std::span<const float> part_of(const Waveform& waveform, double start, double end) {
  const std::span<const float> all(waveform.samples);
  const auto sample = [&](double seconds) {
    const double at = std::round(seconds * waveform.sample_rate);
    return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(all.size())));
  };
  const std::size_t first = sample(start), last = end == 0 ? all.size() : sample(end);
  if (first > last || (first == last && !all.empty()))
    throw Error(Fault::config, fmt::format("{} to {} s were asked for; the clip has {:.2f} s",
                                           start, end, waveform.seconds()));
  return all.subspan(first, last - first);
}

}  // namespace

ClipReader::ClipReader(const Clip& clip, int channel) {
  if (const auto* waveform = std::get_if<Waveform>(&clip.memory))
    *this = within(clip.place(), [&] { return ClipReader(*waveform, clip.start, clip.end); });
  else
    file_.emplace(clip.path, ReadOptions{.channel = channel, .start = clip.start, .end = clip.end});
  place_ = clip.place();
}

ClipReader::ClipReader(const Waveform& waveform, double start, double end)
    : rate_(waveform.sample_rate) {
  if (rate_ < lowest_rate || rate_ > highest_rate)
    throw std::invalid_argument(
        fmt::format("a sample rate of {} Hz; expected {} to {}", rate_, lowest_rate, highest_rate));
  samples_ = part_of(waveform, start, end);
  const auto bad = std::ranges::find_if_not(samples_, [](float x) { return std::isfinite(x); });
  if (bad != samples_.end())
    throw Error(Fault::numeric, fmt::format("sample {} is not finite", bad - samples_.begin()));
}

int ClipReader::sample_rate() const noexcept { return file_ ? file_->sample_rate() : rate_; }

std::vector<float> ClipReader::read() {
  if (file_) return file_->read();
  const auto piece = samples_.first(std::min(piece_size, samples_.size()));
  samples_ = samples_.subspan(piece.size());
  return {piece.begin(), piece.end()};
}

ChannelReport ClipReader::channels() const noexcept {
  if (!file_) return {};
  return {.silent = file_->silent_channels(), .cancel = file_->channels_cancel()};
}

void ClipReader::refuse(const std::string& found) const {
  throw Error(Fault::format, place_.empty() ? found : place_ + ": " + found);
}

}  // namespace twinear
