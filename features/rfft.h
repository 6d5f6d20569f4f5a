// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/lanes.h"

namespace twinear {

/// An FFT of real frames of any length, by KissFFT. The plans hold scratch memory, so one thread at
/// a time may use an object. Constructing one per call is cheap, since each thread keeps the plans
/// of the last few sizes.
class Rfft {
 public:
  /// `size` is the number of samples of a frame. Throws std::invalid_argument for 0.
  explicit Rfft(std::size_t size);

  /// Writes bins 0 ... size / 2 of the FFT of `size` samples.
  void forward(std::span<const float> frame, std::span<std::complex<float>> bins);

  /// Writes the inverse FFT times `size`. Throws std::invalid_argument for odd sizes.
  void inverse(std::span<const std::complex<float>> bins, std::span<float> frame);

  /// Writes |FFT|^2 of bins 0 ... size / 2 of `size` samples.
  void power(std::span<const float> frame, std::span<float> power);

  /// Writes |FFT|^2 of a block of frames: `block` has `size` rows, `power` has size / 2 + 1.
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
  std::vector<std::complex<float>> bins_, odd_frame_, odd_bins_;  // the last two serve odd sizes
  Plan forward_, inverse_;
};

}  // namespace twinear
