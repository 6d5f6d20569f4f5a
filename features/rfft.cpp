// SPDX-License-Identifier: Apache-2.0
#include "features/rfft.h"

#include <kiss_fft.h>
#include <kiss_fftr.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace twinear {

static_assert(sizeof(kiss_fft_cpx) == sizeof(std::complex<float>));

namespace {

struct Free {
  void operator()(void* plan) const noexcept { kiss_fft_free(plan); }
};

/// A plan that no Rfft of this thread uses now. Making a plan takes as long as many transforms.
struct IdlePlan {
  std::size_t size;
  bool inverse;
  std::unique_ptr<void, Free> plan;
};
constexpr std::size_t max_idle = 16, largest_idle = std::size_t{1} << 17U;  // 1 MiB
thread_local std::vector<IdlePlan> idle;

}  // namespace

Rfft::Plan Rfft::plan(std::size_t size, bool inverse) {
  idle.reserve(max_idle);  // so that returning a plan cannot throw
  const auto found = std::ranges::find_if(idle, [&](const IdlePlan& candidate) {
    return candidate.size == size && candidate.inverse == inverse;
  });
  if (found == idle.end()) {
    const int points = static_cast<int>(size), backwards = inverse ? 1 : 0;
    void* plan = size % 2 == 0
                     ? static_cast<void*>(kiss_fftr_alloc(points, backwards, nullptr, nullptr))
                     : static_cast<void*>(kiss_fft_alloc(points, backwards, nullptr, nullptr));
    return {plan, {size, inverse}};
  }
  Plan plan(found->plan.release(), {size, inverse});
  idle.erase(found);
  return plan;
}

void Rfft::ReturnPlan::operator()(void* plan) const noexcept {
  if (idle.size() == max_idle) idle.erase(idle.begin());
  IdlePlan mine{size, inverse, {plan, {}}};
  if (size <= largest_idle) idle.push_back(std::move(mine));
}

Rfft::Rfft(std::size_t size)
    : frame_(size),
      power_(size / 2 + 1),
      bins_(size / 2 + 1),
      odd_frame_(size % 2 * size),
      odd_bins_(size % 2 * size),
      forward_(nullptr, {}),
      inverse_(nullptr, {}) {
  if (size == 0) throw std::invalid_argument("Rfft: the size must be at least 1");
}

void Rfft::forward(std::span<const float> frame, std::span<std::complex<float>> bins) {
  if (!forward_) forward_ = plan(frame_.size(), false);
  if (odd_frame_.empty()) {
    kiss_fftr(static_cast<kiss_fftr_cfg>(forward_.get()), frame.data(),
              reinterpret_cast<kiss_fft_cpx*>(bins.data()));
    return;
  }
  std::ranges::copy(frame, odd_frame_.begin());
  kiss_fft(static_cast<kiss_fft_cfg>(forward_.get()),
           reinterpret_cast<const kiss_fft_cpx*>(odd_frame_.data()),
           reinterpret_cast<kiss_fft_cpx*>(odd_bins_.data()));
  std::copy_n(odd_bins_.begin(), bins_.size(), bins.begin());
}

void Rfft::inverse(std::span<const std::complex<float>> bins, std::span<float> frame) {
  if (!odd_frame_.empty()) throw std::invalid_argument("Rfft: only even sizes have an inverse");
  if (!inverse_) inverse_ = plan(frame_.size(), true);
  kiss_fftri(static_cast<kiss_fftr_cfg>(inverse_.get()),
             reinterpret_cast<const kiss_fft_cpx*>(bins.data()), frame.data());
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
