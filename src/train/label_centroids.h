// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "twinear/label.h"
#include "twinear/matrix.h"
#include "twinear/sampler.h"

namespace twinear {

/// Where each label has lain in the embedding space lately: a running mean of its rows.
class LabelCentroids {
 public:
  LabelCentroids(std::size_t labels, std::size_t width) : means_(labels, width) {}
  explicit LabelCentroids(Matrix means) : means_(std::move(means)) {}

  /// Each row moves the mean of its label, if it has one, a tenth of the way; the first one is its
  /// mean.
  void add(const Matrix& embeddings, std::span<const int> labels);

  /// For each label the `count` (or all) others of the highest cosine, the lowest label in a tie;
  /// labels without rows come last. Parallel.
  Neighbors nearest(std::size_t count) const;

  const Matrix& means() const noexcept { return means_; }

 private:
  Matrix means_;  // zeros where there were no rows
};

/// The labels that an encoder takes for one another, by which SamplerOptions::hard draws: those of
/// an epoch are known from the one before.
class HardLabels {
 public:
  HardLabels(std::size_t labels, std::size_t width) : now_(labels, width) {}

  void add(const Matrix& embeddings, std::span<const int> labels) { now_.add(embeddings, labels); }
  void end_epoch() { before_ = now_; }
  /// As LabelCentroids::nearest, by what the epochs before found; none in the first one.
  Neighbors nearest(std::size_t count) const;

  /// For a checkpoint; restore() throws Error (format) for that of other labels.
  void save(std::map<std::string, Matrix>& state) const;
  void restore(const std::map<std::string, Matrix>& state);

 private:
  LabelCentroids now_;
  std::optional<LabelCentroids> before_;  // where the epoch began
};

}  // namespace twinear
