// SPDX-License-Identifier: Apache-2.0
#include "features/rfft.h"

#include <kiss_fftr.h>

#include <stdexcept>

namespace twinear {

static_assert(sizeof(kiss_fft_cpx) == sizeof(std::complex<float>));

Rfft::Rfft(std::size_t size) : frame_(size), power_(size / 2 + 1), bins_(size / 2 + 1) {
  if (size == 0 || size % 2 != 0) throw std::invalid_argument("Rfft: size must be even");
  forward_.reset(kiss_fftr_alloc(static_cast<int>(size), 0, nullptr, nullptr));
}

void Rfft::Free::operator()(kiss_fftr_state* plan) const noexcept { kiss_fftr_free(plan); }

void Rfft::forward(std::span<const float> frame, std::span<std::complex<float>> bins) {
  kiss_fftr(forward_.get(), frame.data(), reinterpret_cast<kiss_fft_cpx*>(bins.data()));
}

void Rfft::inverse(std::span<const std::complex<float>> bins, std::span<float> frame) {
  if (!inverse_)
    inverse_.reset(kiss_fftr_alloc(static_cast<int>(frame_.size()), 1, nullptr, nullptr));
  kiss_fftri(inverse_.get(), reinterpret_cast<const kiss_fft_cpx*>(bins.data()), frame.data());
}

void Rfft::power(std::span<const float> frame, std::span<float> power) {
  forward(frame, bins_);
  for (std::size_t k = 0; k < power_.size(); ++k) {
    const float real = bins_[k].real(), imaginary = bins_[k].imag();
    power[k] = real * real + imaginary * imaginary;
  }
}

void Rfft::power(const Lanes* block, Lanes* power) {
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    for (std::size_t i = 0; i < frame_.size(); ++i) frame_[i] = block[i][lane];
    this->power(frame_, power_);
    for (std::size_t k = 0; k < power_.size(); ++k) power[k][lane] = power_[k];
  }
}

}  // namespace twinear
