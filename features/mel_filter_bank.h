// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/lanes.h"
#include "twinear/features.h"

namespace twinear {

/// Converts a frequency in Hz to mel.
double mel(MelScale scale, double hz);

/// Triangular filters that are equally spaced on a mel scale, over the FFT bins below Nyquist. Only
/// the FFT bins where a filter has weight are stored. Threads may share an object.
class MelFilterBank {
 public:
  /// Throws Error (config) if a filter with a triangle in mel covers no FFT bin, as Kaldi does.
  /// Filters with a triangle in Hz may be empty and then give no energy, as in other libraries.
  MelFilterBank(const FrontEnd& front_end, std::size_t fft_size);

  /// The number of filters, which is the number of mel bins.
  std::size_t size() const noexcept { return filters_.size(); }

  /// Writes the energy of each mel bin for a block of power spectra (or magnitude spectra).
  void operator()(const Lanes* spectrum, Lanes* energies) const;

 private:
  struct Filter {
    std::size_t first_bin, first_weight, bins;
  };
  std::vector<Filter> filters_;
  std::vector<float> weights_;
};

}  // namespace twinear
