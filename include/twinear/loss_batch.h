// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "twinear/label.h"
#include "twinear/matrix.h"

namespace twinear {

/// How two embeddings are held apart.
enum class Distance {
  euclidean,  ///< |a - b|
  squared,    ///< |a - b|^2
  cosine,     ///< 1 - <a, b> of unit rows, which is computed as |a - b|^2 / 2 of any rows
};

/// A view of distances: (i, j) is how far row i is from row j.
struct DistanceTable {
  std::span<const double> values;  ///< row after row
  std::size_t rows = 0, cols = 0;

  std::span<const double> row(std::size_t i) const { return values.subspan(i * cols, cols); }
  double operator()(std::size_t i, std::size_t j) const { return values[i * cols + j]; }
};

/// What miners and losses see of a training batch: embeddings, labels, the embeddings of a teacher,
/// and the distances between the embeddings, which are computed once for all who ask. It refers to
/// matrices and labels, which must outlive it.
class LossBatch {
 public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  /// `labels` has one label for each row of `embeddings` (no_label where it has none), or is empty
  /// where labels are not asked for. `number` counts the batches of a run: what a miner draws
  /// depends on it. The first `anchors` rows learn and are the anchors of pairs and triplets; by
  /// default, or where there are fewer rows, all are. The others are constants (an
  /// EmbeddingMemory's). `teacher` has the teacher's embedding of each clip; it is nullptr or has
  /// no rows where there is no teacher. Throws std::invalid_argument for another number of labels
  /// or of rows of the teacher.
  LossBatch(const Matrix& embeddings, std::span<const int> labels = {}, std::uint64_t number = 0,
            std::size_t anchors = all, const Matrix* teacher = nullptr);

  const Matrix& embeddings() const noexcept { return embeddings_; }
  std::span<const int> labels() const noexcept { return labels_; }
  std::uint64_t number() const noexcept { return number_; }
  std::size_t anchors() const noexcept { return anchors_; }  ///< at most the rows of embeddings
  /// The teacher's embeddings, a row for each embedding; nullptr where there is no teacher.
  const Matrix* teacher() const noexcept { return teacher_; }

  /// How far each anchor is from every row: exactly 0 between equal rows, and equal both ways.
  /// The first call for a distance computes the table, in parallel, and must not run beside another
  /// call; the bits are equal at any number of threads. The view holds as long as the batch.
  DistanceTable distances(Distance distance) const;

 private:
  const Matrix& embeddings_;
  std::span<const int> labels_;
  std::uint64_t number_;
  std::size_t anchors_;
  const Matrix* teacher_;
  mutable std::array<std::vector<double>, 3> tables_;  // by Distance; empty until asked for
};

}  // namespace twinear
