// SPDX-License-Identifier: Apache-2.0
#include "features/mel_filter_bank.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "features/front_end.h"
#include "twinear/error.h"

namespace twinear {
namespace {

// Slaney's Auditory Toolbox has 3 mel per 200 Hz up to 1 kHz, and 27 mel per factor of 6.4 above.
constexpr double corner_hz = 1000.0, hz_per_mel = 200.0 / 3.0, corner_mel = corner_hz / hz_per_mel;
const double mels_per_e_fold = 27.0 / std::log(6.4);

double hertz(MelScale scale, double mel) {
  if (scale == MelScale::htk) return 700.0 * (std::exp(mel / 1127.0) - 1.0);
  return mel < corner_mel ? mel * hz_per_mel
                          : corner_hz * std::exp((mel - corner_mel) / mels_per_e_fold);
}

TWINEAR_SIMD void weighted_sum(const Lanes* rows, const float* weights, std::size_t count,
                               Lanes& result) {
  Lanes sum{};
  for (std::size_t i = 0; i < count; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) sum[lane] += weights[i] * rows[i][lane];
  }
  result = sum;
}

}  // namespace

double mel(MelScale scale, double hz) {
  if (scale == MelScale::htk) return 1127.0 * std::log(1.0 + hz / 700.0);
  return hz < corner_hz ? hz / hz_per_mel : corner_mel + mels_per_e_fold * std::log(hz / corner_hz);
}

MelFilterBank::MelFilterBank(const FrontEnd& front_end, std::size_t fft_size) {
  const MelScale scale = front_end.mel_scale;
  const bool in_mel = front_end.filter_shape == FilterShape::mel;
  const double bin_hz = static_cast<double>(front_end.sample_rate) / static_cast<double>(fft_size);
  const double low = mel(scale, front_end.low_hz);
  const double step = (mel(scale, upper_edge(front_end)) - low) / (front_end.mel_bins + 1);

  // FFT bins on the axis of the triangles. The Nyquist bin has no weight, since no filter ends
  // above it.
  std::vector<double> bins((fft_size + 1) / 2);
  for (std::size_t k = 0; k < bins.size(); ++k) {
    const double hz = bin_hz * static_cast<double>(k);
    bins[k] = in_mel ? mel(scale, hz) : hz;
  }
  for (int b = 0; b < front_end.mel_bins; ++b) {
    const auto corner = [&](int i) {
      const double at = low + (b + i) * step;
      return in_mel ? at : hertz(scale, at);
    };
    const double left = corner(0), peak = corner(1);
    const double right =
        front_end.filter_shape == FilterShape::hz_symmetric ? peak + (peak - left) : corner(2);
    const double left_hz = hertz(scale, low + b * step),
                 right_hz = hertz(scale, low + (b + 2) * step);
    const auto first = std::ranges::upper_bound(bins, left);
    const auto last = std::max(first, std::ranges::lower_bound(bins, right));
    if (in_mel && first == last)
      throw Error(Fault::config,
                  fmt::format("front end: mel_bins: filter {} of {}, {:.0f} to {:.0f} Hz, covers "
                              "no FFT bin; FFT bins are {:.1f} Hz apart",
                              b + 1, front_end.mel_bins, left_hz, right_hz, bin_hz));
    filters_.push_back({static_cast<std::size_t>(first - bins.begin()), weights_.size(),
                        static_cast<std::size_t>(last - first)});
    const double height = front_end.area_norm ? 2.0 / (right_hz - left_hz) : 1.0;
    for (auto at = first; at != last; ++at)
      weights_.push_back(static_cast<float>(
          height * std::min((*at - left) / (peak - left), (right - *at) / (right - peak))));
  }
}

void MelFilterBank::operator()(const Lanes* spectrum, Lanes* energies) const {
  for (std::size_t b = 0; b < filters_.size(); ++b)
    weighted_sum(spectrum + filters_[b].first_bin, weights_.data() + filters_[b].first_weight,
                 filters_[b].bins, energies[b]);
}

}  // namespace twinear
