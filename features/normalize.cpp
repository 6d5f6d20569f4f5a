// SPDX-License-Identifier: Apache-2.0
#include "features/normalize.h"

#include <algorithm>
#include <cmath>

namespace twinear {
namespace {

void limit_range(Matrix& frames, float top_db) {
  const float lowest = *std::ranges::max_element(frames.values()) - top_db;
  for (float& value : frames.values()) value = std::max(value, lowest);
}

void subtract_bin_means(Matrix& frames) {
  std::vector<double> means(frames.cols());
  for (std::size_t t = 0; t < frames.rows(); ++t)
    for (std::size_t b = 0; b < means.size(); ++b) means[b] += frames.row(t)[b];
  for (double& mean : means) mean /= static_cast<double>(frames.rows());
  for (std::size_t t = 0; t < frames.rows(); ++t)
    for (std::size_t b = 0; b < means.size(); ++b)
      frames.row(t)[b] = static_cast<float>(frames.row(t)[b] - means[b]);
}

void subtract_global_mean(Matrix& frames) {
  double sum = 0;
  for (const float value : frames.values()) sum += value;
  const double mean = sum / static_cast<double>(frames.values().size());
  for (float& value : frames.values()) value = static_cast<float>(value - mean);
}

void divide_by_deviations(Matrix& centered) {
  std::vector<double> squares(centered.cols());
  for (std::size_t t = 0; t < centered.rows(); ++t)
    for (std::size_t b = 0; b < squares.size(); ++b)
      squares[b] += static_cast<double>(centered.row(t)[b]) * centered.row(t)[b];
  for (double& square : squares)
    square =
        1.0 / std::sqrt(std::max(square / static_cast<double>(centered.rows()), variance_floor));
  for (std::size_t t = 0; t < centered.rows(); ++t)
    for (std::size_t b = 0; b < squares.size(); ++b)
      centered.row(t)[b] = static_cast<float>(centered.row(t)[b] * squares[b]);
}

}  // namespace

void normalize(Matrix& frames, const FrontEnd& front_end) {
  if (frames.rows() == 0) return;
  if (front_end.top_db > 0) limit_range(frames, static_cast<float>(front_end.top_db));
  switch (front_end.norm) {
    case Norm::none:
      return;
    case Norm::per_bin:
      return subtract_bin_means(frames);
    case Norm::global:
      return subtract_global_mean(frames);
    case Norm::sliding:
      frames = SlidingWindow(front_end.sliding, frames.cols()).push(frames, true);
      return;
    case Norm::per_bin_variance:
      subtract_bin_means(frames);
      return divide_by_deviations(frames);
  }
}

SlidingWindow::SlidingWindow(const SlidingNorm& options, std::size_t bins)
    : options_(options), bins_(bins), sums_(bins), squares_(bins) {}

/// The window of a frame in a clip that never ends.
SlidingWindow::Range SlidingWindow::unbounded_window(std::size_t frame) const {
  const auto size = static_cast<std::size_t>(options_.frames);
  if (options_.centered) {
    const std::size_t begin = frame - std::min(frame, size / 2);
    return {begin, begin + size};
  }
  return {frame - std::min(frame, size),
          std::max(frame + 1, static_cast<std::size_t>(options_.min_frames))};
}

/// The window of a frame in a clip that ends with the frames received.
SlidingWindow::Range SlidingWindow::window(std::size_t frame) const {
  const Range range = unbounded_window(frame);
  const std::size_t beyond = range.end - std::min(range.end, received_);
  return {range.begin - std::min(range.begin, beyond), range.end - beyond};
}

std::span<const float> SlidingWindow::row(std::size_t frame) const {
  return std::span(buffer_).subspan((frame - buffer_begin_) * bins_, bins_);
}

void SlidingWindow::add(std::size_t frame, double sign) {
  const auto values = row(frame);
  for (std::size_t b = 0; b < bins_; ++b) {
    const double value = values[b];
    sums_[b] += sign * value;
    squares_[b] += sign * value * value;
  }
}

void SlidingWindow::normalize(std::span<const float> frame, std::span<float> result) const {
  const auto count = static_cast<double>(summed_.end - summed_.begin);
  for (std::size_t b = 0; b < bins_; ++b) {
    const double mean = sums_[b] / count, centered = frame[b] - mean;
    const double variance = std::max(squares_[b] / count - mean * mean, variance_floor);
    const double divided = count > 1 ? centered / std::sqrt(variance) : 0.0;
    result[b] = static_cast<float>(options_.variance ? divided : centered);
  }
}

Matrix SlidingWindow::push(const Matrix& frames, bool last) {
  buffer_.insert(buffer_.end(), frames.values().begin(), frames.values().end());
  received_ += frames.rows();
  std::size_t end = emitted_;
  while (end < received_ && (last || unbounded_window(end).end <= received_)) ++end;

  Matrix result(end - emitted_, bins_);
  for (std::size_t i = 0; emitted_ < end; ++i, ++emitted_) {
    const Range next = window(emitted_);
    for (; summed_.end < next.end; ++summed_.end) add(summed_.end, 1.0);
    for (; summed_.begin < next.begin; ++summed_.begin) add(summed_.begin, -1.0);
    normalize(row(emitted_), result.row(i));
  }

  // Windows never move back, so frames before the current window are no longer needed.
  const std::size_t needed = std::min(summed_.begin, emitted_);
  if (2 * (needed - buffer_begin_) * bins_ >= buffer_.size()) {
    buffer_.erase(buffer_.begin(),
                  buffer_.begin() + static_cast<std::ptrdiff_t>((needed - buffer_begin_) * bins_));
    buffer_begin_ = needed;
  }
  return result;
}

}  // namespace twinear
