// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "features/lanes.h"

struct kiss_fftr_state;

namespace twinear {

/// The power spectrum of real frames of any even length, by KissFFT. The plan holds scratch
/// memory, so a transform belongs to one thread: make one per call.
class Rfft {
 public:
  explicit Rfft(std::size_t size);

  /// |FFT|^2 of `size` samples at 0 ... size / 2.
  void power(std::span<const float> frame, std::span<float> power);

  /// The same for a block of frames: `size` rows in, size / 2 + 1 rows out.
  void power(const Lanes* block, Lanes* power);

 private:
  struct Free {
    void operator()(kiss_fftr_state* plan) const noexcept;
  };
  std::vector<float> frame_, power_;
  std::vector<float> bins_;  // real and imaginary parts in turn
  std::unique_ptr<kiss_fftr_state, Free> plan_;
};

}  // namespace twinear
