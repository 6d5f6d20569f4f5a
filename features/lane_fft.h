// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/lanes.h"

namespace twinear {

/// A twiddle factor of the forward transform, exp(-i angle).
struct Twiddle {
  float real, imaginary;
};

/// The twiddle factor exp(-2 pi i step / steps).
Twiddle twiddle(std::size_t step, std::size_t steps);

/// An FFT of sixteen real frames at once, one in each lane. An object holds tables only, so threads
/// may share it.
class LaneFft {
 public:
  /// Whether `size` is even, at least 16, and has no prime factors but 2, 3 and 5.
  static bool supports(std::size_t size) noexcept;

  /// `size` is the number of samples of a frame. Throws std::invalid_argument unless supported.
  explicit LaneFft(std::size_t size);

  /// Computes the complex FFT of size / 2 points in place: row 2 i holds the real parts of point i,
  /// row 2 i + 1 the imaginary parts. Bin k of the result lies at point output_index(k).
  void transform(Lanes* block) const;
  std::size_t points() const noexcept { return points_; }
  std::size_t output_index(std::size_t bin) const noexcept { return output_indices_[bin]; }

  /// Writes |FFT|^2 of bins 0 ... size / 2 to `power`. The `size` rows of `block`, one for each
  /// sample, are overwritten.
  void power(Lanes* block, Lanes* power) const;

 private:
  std::size_t points_;                       // of the complex FFT: half the size
  std::vector<std::size_t> radices_;         // of the passes
  std::vector<Twiddle> twiddles_;            // of all results but the first, by pass and offset
  std::vector<std::size_t> output_indices_;  // bin of the complex FFT -> point that holds it
  std::vector<Twiddle> unpack_;              // bin of the real FFT -> its twiddle factor
};

}  // namespace twinear
