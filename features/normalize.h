// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// Lower bound of a variance before its square root, as in Kaldi.
inline constexpr double variance_floor = 1e-10;

/// Applies FrontEnd::top_db and FrontEnd::norm to all frames of a clip. A variance divides by the
/// number of frames; sums are in double precision.
void normalize(Matrix& frames, const FrontEnd& front_end);

/// Kaldi's SlidingWindowCmn over the frames of one clip, which may come in parts. The result does
/// not depend on how the clip is cut. Sums are in double precision. One thread at a time may use
/// it.
class SlidingWindow {
 public:
  /// `bins` is the number of mel bins.
  SlidingWindow(const SlidingNorm& options, std::size_t bins);

  /// Takes the clip's next frames and returns, normalized, the frames whose windows are complete.
  /// `last` tells that the clip ends with these frames, which completes all windows.
  Matrix push(const Matrix& frames, bool last);

 private:
  struct Range {
    std::size_t begin, end;
  };
  Range unbounded_window(std::size_t frame) const;
  Range window(std::size_t frame) const;
  void add(std::size_t frame, double sign);
  void normalize(std::span<const float> frame, std::span<float> result) const;
  std::span<const float> row(std::size_t frame) const;

  SlidingNorm options_;
  std::size_t bins_;
  std::vector<float> buffer_;  // the frames from `buffer_begin_` on, not normalized
  std::size_t buffer_begin_ = 0, received_ = 0, emitted_ = 0;
  Range summed_{0, 0};
  std::vector<double> sums_, squares_;
};

}  // namespace twinear
