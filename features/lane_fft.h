// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "features/lanes.h"

namespace twinear {

/// A factor exp(-i angle) of the forward transform.
struct Turn {
  float real, imaginary;
};

/// The power spectrum of sixteen real frames at once, for sizes that are powers of two. It holds
/// tables only: threads may share it.
class LaneFft {
 public:
  static bool takes(std::size_t size) noexcept;  ///< a power of two, at least 16

  explicit LaneFft(std::size_t size);

  /// |FFT|^2 at 0 ... size / 2 of the `size` rows of `block`, which are overwritten.
  void power(Lanes* block, Lanes* power) const;

 private:
  std::size_t points_;               // complex: half the size
  std::vector<Turn> turns_;          // of b, c and d, for each offset of each radix-4 pass
  std::vector<std::size_t> places_;  // bin of the complex transform -> where the passes leave it
  std::vector<Turn> unpack_;         // bin of the real transform -> its turn
};

}  // namespace twinear
