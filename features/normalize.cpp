// SPDX-License-Identifier: Apache-2.0
#include "features/normalize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "features/sliding_window.h"

namespace twinear {
namespace {

void limit_range(Matrix& frames, float top_db) {
  const float lowest = *std::ranges::max_element(frames.values()) - top_db;
  for (float& value : frames.values()) value = std::max(value, lowest);
}

using Sums = std::vector<double>;

void add(Sums& sums, std::span<const float> row, double sign) {
  for (std::size_t b = 0; b < row.size(); ++b) sums[b] += sign * row[b];
}

Sums bin_means(const Matrix& frames) {
  Sums means(frames.cols());
  for (std::size_t t = 0; t < frames.rows(); ++t) add(means, frames.row(t), 1.0);
  for (double& mean : means) mean /= static_cast<double>(frames.rows());
  return means;
}

void subtract(std::span<float> row, const Sums& sums, double factor) {
  for (std::size_t b = 0; b < row.size(); ++b)
    row[b] = static_cast<float>(row[b] - factor * sums[b]);
}

void subtract_bin_means(Matrix& frames) {
  const Sums means = bin_means(frames);
  for (std::size_t t = 0; t < frames.rows(); ++t) subtract(frames.row(t), means, 1.0);
}

void subtract_global_mean(Matrix& frames) {
  double sum = 0;
  for (const float value : frames.values()) sum += value;
  const double mean = sum / static_cast<double>(frames.values().size());
  for (float& value : frames.values()) value = static_cast<float>(value - mean);
}

void divide_by_deviations(Matrix& centered) {
  Sums squares(centered.cols());
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

}  // namespace twinear
