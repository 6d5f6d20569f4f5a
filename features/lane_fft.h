// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "features/lanes.h"

namespace twinear {

/// A factor exp(-i angle) of the forward transform.
struct Twiddle {
  float real, imaginary;
};

/// exp(-2 pi i step / steps)
Twiddle twiddle(std::size_t step, std::size_t steps);

/// The power spectrum of sixteen real frames at once, for even sizes that no other prime than 2, 3
/// and 5 divides. It holds tables only: threads may share it.
class LaneFft {
 public:
  static bool supports(std::size_t size) noexcept;  ///< and at least 16

  explicit LaneFft(std::size_t size);

  /// The complex transform of half as many points, in place: row 2 i holds the real parts of point
  /// i, row 2 i + 1 the imaginary ones. Bin k is left where point place(k) was.
  void transform(Lanes* block) const;
  std::size_t points() const noexcept { return points_; }
  std::size_t output_index(std::size_t bin) const noexcept { return output_indices_[bin]; }

  /// |FFT|^2 at 0 ... size / 2 of the `size` rows of `block`, which are overwritten.
  void power(Lanes* block, Lanes* power) const;

 private:
  std::size_t points_;                // complex: half the size
  std::vector<std::size_t> radices_;  // of the passes
  std::vector<Twiddle> twiddles_;  // for each offset of each pass, of all its results but the first
  std::vector<std::size_t>
      output_indices_;           // bin of the complex transform -> where the passes leave it
  std::vector<Twiddle> unpack_;  // bin of the real transform -> its turn
};

}  // namespace twinear
