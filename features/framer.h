// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/lanes.h"
#include "twinear/features.h"

namespace twinear {

/// A part of a clip of `size` samples so far: `samples` are the ones from index `begin` on.
struct Excerpt {
  std::span<const float> samples;
  std::size_t begin, size;
};

/// Cuts a clip into windowed frames for an FFT, with Kaldi's steps in Kaldi's order: add dither,
/// subtract the mean, pre-emphasize, apply the window, pad with zeros to the FFT's size. An object
/// holds tables only, so threads may share it.
class Framer {
 public:
  explicit Framer(const FrontEnd& front_end);

  /// The number of frames of a clip of `samples` samples.
  std::size_t frames(std::size_t samples) const noexcept;

  /// The number of samples after which frame `frame` no longer depends on how the clip goes on.
  std::size_t ready_after(std::size_t frame) const noexcept;

  /// The first sample that frame `frame` and later frames may need while the clip goes on.
  std::size_t first_sample(std::size_t frame) const noexcept;

  /// The number of floats that cut() needs as `scratch`.
  std::size_t scratch_size() const noexcept { return (lane_count - 1) * hop_ + window_.size(); }

  /// Writes frames `first` ... `first + count - 1`, at most lane_count of them, to the first lanes
  /// of `block`, which has as many rows as the FFT has points. Other lanes hold no meaningful data.
  void cut(const Excerpt& clip, std::size_t first, std::size_t count, std::uint64_t seed,
           std::span<float> scratch, Lanes* block) const;

  /// Writes Kaldi's raw log energies of frames `first` ... `first + count - 1` to `energies`: the
  /// natural logarithm of the energy of 16-bit samples without their mean, before dither,
  /// pre-emphasis and window. `block` is overwritten.
  void log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                    std::span<float> scratch, Lanes* block, float* energies) const;

 private:
  std::ptrdiff_t start(std::size_t frame) const noexcept;
  void copy_samples(const Excerpt& clip, std::size_t first, std::size_t count,
                    std::span<float> scratch) const;
  void add_dither(std::size_t first, std::size_t count, std::uint64_t seed, Lanes* block) const;

  FrontEnd front_end_;
  std::size_t hop_;
  std::vector<float> window_;
  std::ptrdiff_t origin_;  // index of the first sample of frame 0
};

}  // namespace twinear
