// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "twinear/buffer.h"
#include "twinear/matrix.h"

namespace twinear {

/// The features of several clips with their labels, as an encoder takes them: every clip has room
/// for the same number of frames, and the frames behind its own are zeros.
class FeatureBatch {
 public:
  FeatureBatch() = default;
  /// Zeros: each clip is `frames` long and has the label 0.
  FeatureBatch(std::size_t clips, std::size_t frames, std::size_t bins);

  /// A crop of `frames` frames of each clip. Where a crop begins is drawn from the seed, the number
  /// of the batch and, where a program makes several batches of one number, the stream. A clip that
  /// is shorter than a crop is taken whole. All labels are 0. Throws std::invalid_argument for no
  /// clips, a clip without frames, and clips of different widths.
  static FeatureBatch crops(std::span<const Matrix* const> clips, std::size_t frames,
                            std::uint64_t seed, std::uint64_t number, std::uint32_t stream = 0);

  std::size_t clips() const noexcept { return lengths.size(); }
  std::size_t frames() const noexcept { return frames_; }  ///< room for each clip
  std::size_t bins() const noexcept { return bins_; }      ///< values of a frame

  /// frames() rows of bins() values. The rows from lengths[i] on must be zeros.
  std::span<float> clip(std::size_t i) noexcept {
    return {values_.data() + i * frames_ * bins_, frames_ * bins_};
  }
  std::span<const float> clip(std::size_t i) const noexcept {
    return {values_.data() + i * frames_ * bins_, frames_ * bins_};
  }
  /// Replaces clip i by these rows, which must have bins() columns and at most frames() rows.
  /// `rows` are whole frames, one after the other, at least one.
  void set_clip(std::size_t i, std::span<const float> rows);

  std::vector<std::size_t> lengths;  ///< frames of each clip that are its own, at least 1
  std::vector<int> labels;           ///< of each clip; no_label where it has none
  std::uint64_t number = 0;          ///< of the batch in its run; a miner that draws depends on it
  Matrix teacher;  ///< a row for each clip: the teacher's embedding; no rows: there is no teacher

 private:
  std::size_t frames_ = 0, bins_ = 0;
  nn::Buffer values_;  // clips x frames x bins
};

}  // namespace twinear
