// SPDX-License-Identifier: Apache-2.0
#include "features/mel_bands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/simd.h"
#include "features/front_end.h"
#include "twinear/error.h"

namespace twinear {
namespace {

double mel(double hz) { return 1127.0 * std::log(1.0 + hz / 700.0); }
double hertz(double mel) { return 700.0 * (std::exp(mel / 1127.0) - 1.0); }

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

MelBands::MelBands(const FrontEnd& front_end, std::size_t fft_size) {
  const double bin_hz = static_cast<double>(front_end.sample_rate) / static_cast<double>(fft_size);
  const double low = mel(front_end.low_hz), high = mel(upper_edge(front_end));
  const double step = (high - low) / (front_end.mel_bins + 1);
  std::vector<double> bins(fft_size / 2);  // in mel; without Nyquist
  for (std::size_t k = 0; k < bins.size(); ++k) bins[k] = mel(bin_hz * static_cast<double>(k));
  for (int b = 0; b < front_end.mel_bins; ++b) {
    const double left = low + b * step, centre = left + step, right = centre + step;
    const auto first = std::ranges::upper_bound(bins, left);
    const auto last = std::ranges::lower_bound(bins, right);
    if (first >= last)
      throw Error(Fault::config,
                  fmt::format("front end: mel_bins: band {} of {}, {:.0f} to {:.0f} Hz, holds none "
                              "of the transform's bins, which are {:.1f} Hz apart",
                              b + 1, front_end.mel_bins, hertz(left), hertz(right), bin_hz));
    bands_.push_back({static_cast<std::size_t>(first - bins.begin()), weights_.size(),
                      static_cast<std::size_t>(last - first)});
    for (auto m = first; m != last; ++m)
      weights_.push_back(static_cast<float>((*m <= centre ? *m - left : right - *m) / step));
  }
}

void MelBands::operator()(const Lanes* spectrum, Lanes* energies) const {
  for (std::size_t b = 0; b < bands_.size(); ++b)
    weighted_sum(spectrum + bands_[b].first_bin, weights_.data() + bands_[b].first_weight,
                 bands_[b].bins, energies[b]);
}

}  // namespace twinear
