// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "features/lanes.h"
#include "twinear/features.h"

namespace twinear {

/// A stretch of a clip of `size` samples: `samples` are those from `begin` on.
struct Excerpt {
  std::span<const float> samples;
  std::size_t begin, size;
};

/// Cuts a clip into windowed frames, ready for a transform, in Kaldi's order: dither, the frame's
/// mean, pre-emphasis, window, zeros up to the transform's size. It holds tables only.
class Framer {
 public:
  explicit Framer(const FrontEnd& front_end);

  /// Frames that a clip of so many samples has.
  std::size_t frames(std::size_t samples) const noexcept;

  /// Samples that must be there before frame `frame` is the same however the clip goes on.
  std::size_t ready_after(std::size_t frame) const noexcept;

  /// Before a clip that goes on, the first sample that frame `frame` and later ones may look at.
  std::size_t first_sample(std::size_t frame) const noexcept;

  /// Floats that cut() needs to work in.
  std::size_t scratch_size() const noexcept { return (lane_count - 1) * hop_ + window_.size(); }

  /// Frames `first` ... `first + count - 1`, at most lane_count of them, in the block's first lanes
  /// (the others hold numbers without a meaning).
  void cut(const Excerpt& clip, std::size_t first, std::size_t count, std::uint64_t seed,
           std::span<float> scratch, Lanes* block) const;

  /// Kaldi's raw log energies of the same frames, natural, of 16-bit samples: without the mean,
  /// before dither, pre-emphasis and window. `block` is overwritten.
  void log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                    std::span<float> scratch, Lanes* block, float* energies) const;

 private:
  std::ptrdiff_t start(std::size_t frame) const noexcept;
  void copy_samples(const Excerpt& clip, std::size_t first, std::size_t count,
                    std::span<float> scratch) const;
  void add_dither(std::size_t first, std::size_t count, std::uint64_t seed, Lanes* block) const;

  std::size_t hop_, padded_;
  std::vector<float> window_;
  std::ptrdiff_t origin_;  // where frame 0 begins
  float scale_, dither_, preemphasis_;
  bool remove_dc_, snip_edges_;
  FrameAlignment alignment_;
  Padding padding_;
};

}  // namespace twinear
