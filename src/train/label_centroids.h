// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "twinear/matrix.h"
#include "twinear/sampler.h"

namespace twinear {

/// Where each label has lain in the embedding space lately: a running mean of its rows.
class LabelCentroids {
 public:
  LabelCentroids(std::size_t labels, std::size_t width) : means_(labels, width) {}
  explicit LabelCentroids(Matrix means) : means_(std::move(means)) {}

  /// Each row moves the mean of its label a tenth of the way; the first one is its mean.
  void add(const Matrix& embeddings, std::span<const int> labels);

  /// For each label the `count` (or all) others of the highest cosine, the lowest label in a tie;
  /// labels without rows come last. Parallel.
  Neighbors nearest(std::size_t count) const;

  const Matrix& means() const noexcept { return means_; }

 private:
  Matrix means_;  // zeros where there were no rows
};

}  // namespace twinear
