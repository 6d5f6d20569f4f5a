// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "features/lanes.h"

namespace twinear {

/// The transform of real frames of any length, by KissFFT. The plans hold scratch memory, so
/// a transform belongs to one thread: make one per call. That is cheap: a thread keeps the plans of
/// the last few sizes.
class Rfft {
 public:
  explicit Rfft(std::size_t size);

  /// The FFT of `size` samples at 0 ... size / 2, and, for even sizes, its inverse times `size`.
  void forward(std::span<const float> frame, std::span<std::complex<float>> bins);
  void inverse(std::span<const std::complex<float>> bins, std::span<float> frame);

  /// |FFT|^2 of `size` samples at 0 ... size / 2.
  void power(std::span<const float> frame, std::span<float> power);

  /// The same for a block of frames: `size` rows in, size / 2 + 1 rows out.
  void power(const Lanes* block, Lanes* power);

 private:
  struct ReturnPlan {
    std::size_t size;
    bool inverse;
    void operator()(void* plan) const noexcept;
  };
  using Plan =
      std::unique_ptr<void, ReturnPlan>;  // KissFFT's of real or, odd sizes, complex frames
  static Plan plan(std::size_t size, bool inverse);

  std::vector<float> frame_, power_;
  std::vector<std::complex<float>> bins_, odd_frame_, odd_bins_;  // the last two of odd sizes
  Plan forward_, inverse_;
};

}  // namespace twinear
