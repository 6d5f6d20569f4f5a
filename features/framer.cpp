// SPDX-License-Identifier: Apache-2.0
#include "features/framer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/random.h"
#include "features/front_end.h"

namespace twinear {
namespace {

double window_at(Window window, double phase) {
  switch (window) {
    case Window::povey:
      return std::pow(0.5 - 0.5 * std::cos(phase), 0.85);
    case Window::hamming:
      return 0.54 - 0.46 * std::cos(phase);
    case Window::hann:
      return 0.5 - 0.5 * std::cos(phase);
    case Window::rectangular:
      return 1.0;
  }
  return 1.0;
}

std::vector<float> window_values(Window window, std::size_t size, bool periodic) {
  std::vector<float> values(size);
  const double step = 2.0 * std::numbers::pi / static_cast<double>(periodic ? size : size - 1);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = static_cast<float>(window_at(window, step * static_cast<double>(i)));
  return values;
}

/// The index of the sample that padding shows at index `i` of a clip of `size` samples. The clip
/// is mirrored at both ends; its edge samples appear `repeats` times, 1 or 2.
std::ptrdiff_t mirrored(std::ptrdiff_t i, std::ptrdiff_t size, std::ptrdiff_t repeats) {
  const std::ptrdiff_t period = std::max<std::ptrdiff_t>(1, 2 * (size + repeats - 2));
  const std::ptrdiff_t at = (i % period + period) % period;
  return at < size ? at : period - at - (repeats - 1);
}

/// The index of the first sample of frame 0. torch and librosa center the window in the FFT's
/// input, and center that input on sample 0.
std::ptrdiff_t origin(const FrontEnd& front_end) {
  if (front_end.snip_edges) return 0;
  const auto size = static_cast<std::ptrdiff_t>(window_size(front_end));
  if (front_end.frame_alignment == FrameAlignment::hop_middle)
    return static_cast<std::ptrdiff_t>(hop_size(front_end) / 2) - size / 2;
  const auto points = static_cast<std::ptrdiff_t>(transform_size(front_end));
  return (points - size) / 2 - points / 2;
}

/// Copies sample i of frame t, which is samples[hop * t + i], to row i and lane t of `block`.
TWINEAR_SIMD void to_lanes(const float* samples, std::size_t hop, std::size_t size, Lanes* block) {
  std::size_t i = 0;
  for (; i + lane_count <= size; i += lane_count)
    transpose(samples + i, hop, block[i].values, lane_count);
  for (; i < size; ++i)
    for (std::size_t lane = 0; lane < lane_count; ++lane) block[i][lane] = samples[lane * hop + i];
}

TWINEAR_SIMD void take_mean(const Lanes* block, std::size_t size, Lanes& mean) {
  Lanes sum{};
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {  // four at a time, since each addition waits for the one before
    const Lanes *a = block + i, *b = a + 1, *c = a + 2, *d = a + 3;
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane)
      sum[lane] += ((*a)[lane] + (*b)[lane]) + ((*c)[lane] + (*d)[lane]);
  }
  for (; i < size; ++i)
    for (std::size_t lane = 0; lane < lane_count; ++lane) sum[lane] += block[i][lane];
  for (std::size_t lane = 0; lane < lane_count; ++lane)
    mean[lane] = sum[lane] / static_cast<float>(size);
}

TWINEAR_SIMD void add_squares(const Lanes* block, std::size_t size, const Lanes& mean, Lanes& sum) {
  for (std::size_t i = 0; i < size; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      const float x = block[i][lane] - mean[lane];
      sum[lane] += x * x;
    }
  }
}

/// Subtracts the mean, then from each sample the sample before it times `preemphasis` (the first
/// sample uses itself), and multiplies by the window. The loop runs backwards so that the sample
/// before still has its old value.
TWINEAR_SIMD void emphasize_and_window(Lanes* block, std::size_t size, const Lanes& mean,
                                       float preemphasis, const float* window) {
  for (std::size_t i = size; i-- > 0;) {
    const Lanes& before = block[i > 0 ? i - 1 : 0];
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane)
      block[i][lane] =
          window[i] * ((block[i][lane] - mean[lane]) - preemphasis * (before[lane] - mean[lane]));
  }
}

}  // namespace

Framer::Framer(const FrontEnd& front_end)
    : front_end_(front_end),
      hop_(hop_size(front_end)),
      window_(window_values(front_end.window, window_size(front_end), front_end.periodic_window)),
      origin_(origin(front_end)) {}

std::size_t Framer::frames(std::size_t samples) const noexcept {
  if (front_end_.snip_edges)
    return samples < window_.size() ? 0 : 1 + (samples - window_.size()) / hop_;
  if (front_end_.frame_alignment == FrameAlignment::hop_middle) return (samples + hop_ / 2) / hop_;
  return samples == 0 ? 0 : 1 + samples / hop_;
}

std::ptrdiff_t Framer::start(std::size_t frame) const noexcept {
  return origin_ + static_cast<std::ptrdiff_t>(frame * hop_);
}

std::size_t Framer::ready_after(std::size_t frame) const noexcept {
  const std::ptrdiff_t begin = start(frame);
  const std::ptrdiff_t end = begin + static_cast<std::ptrdiff_t>(window_.size());
  const std::ptrdiff_t reflected = front_end_.padding == Padding::reflect ? 1 - begin : 0;
  return static_cast<std::size_t>(std::max({end, reflected, std::ptrdiff_t{1}}));
}

std::size_t Framer::first_sample(std::size_t frame) const noexcept {
  // The middle of a frame lies within the clip, so a reflection at the end of the clip reaches back
  // to the first sample of the frame, or to one sample before it.
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, start(frame) - 1));
}

void Framer::cut(const Excerpt& clip, std::size_t first, std::size_t count, std::uint64_t seed,
                 std::span<float> scratch, Lanes* block) const {
  copy_samples(clip, first, count, scratch);
  to_lanes(scratch.data(), hop_, window_.size(), block);
  if (front_end_.dither > 0) add_dither(first, count, seed, block);
  Lanes mean{};
  if (front_end_.remove_dc) take_mean(block, window_.size(), mean);
  emphasize_and_window(block, window_.size(), mean, static_cast<float>(front_end_.preemphasis),
                       window_.data());
  std::fill(block + window_.size(), block + transform_size(front_end_), Lanes{});
}

void Framer::log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                          std::span<float> scratch, Lanes* block, float* energies) const {
  copy_samples(clip, first, count, scratch);
  to_lanes(scratch.data(), hop_, window_.size(), block);
  Lanes mean{}, sum{};
  take_mean(block, window_.size(), mean);
  add_squares(block, window_.size(), mean, sum);
  const double to_16_bits = 32768.0 / static_cast<float>(front_end_.scale);
  for (std::size_t lane = 0; lane < count; ++lane)
    energies[lane] = static_cast<float>(std::log(std::max<double>(
        sum[lane] * to_16_bits * to_16_bits, std::numeric_limits<float>::epsilon())));
}

/// Copies the samples of `count` frames, times the scale, and pads them at the ends of the clip.
void Framer::copy_samples(const Excerpt& clip, std::size_t first, std::size_t count,
                          std::span<float> scratch) const {
  const auto size = static_cast<std::ptrdiff_t>(clip.size);
  const auto offset = static_cast<std::ptrdiff_t>(clip.begin);
  const auto wanted = static_cast<std::ptrdiff_t>((count - 1) * hop_ + window_.size());
  const std::ptrdiff_t begin = start(first);
  const auto scale = static_cast<float>(front_end_.scale);

  const std::ptrdiff_t inside = std::clamp(-begin, std::ptrdiff_t{0}, wanted);
  const std::ptrdiff_t outside = std::clamp(size - begin, inside, wanted);
  const auto pad = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    const std::ptrdiff_t repeats = front_end_.padding == Padding::symmetric ? 2 : 1;
    for (std::ptrdiff_t i = from; i < to; ++i) {
      const std::ptrdiff_t at = mirrored(begin + i, size, repeats) - offset;
      scratch[static_cast<std::size_t>(i)] =
          front_end_.padding == Padding::zero ? 0.0F
                                              : scale * clip.samples[static_cast<std::size_t>(at)];
    }
  };
  pad(0, inside);
  if (inside < outside)
    std::transform(clip.samples.begin() + (begin + inside - offset),
                   clip.samples.begin() + (begin + outside - offset), scratch.begin() + inside,
                   [scale](float x) { return scale * x; });
  pad(outside, wanted);
}

void Framer::add_dither(std::size_t first, std::size_t count, std::uint64_t seed,
                        Lanes* block) const {
  const auto dither = static_cast<float>(front_end_.dither);
  for (std::size_t lane = 0; lane < count; ++lane) {
    Random random(seed, Purpose::dither, static_cast<std::uint32_t>(first + lane));
    for (std::size_t i = 0; i < window_.size(); ++i)
      block[i][lane] += dither * static_cast<float>(random.normal());
  }
}

}  // namespace twinear
