// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "features/lanes.h"
#include "twinear/features.h"

namespace twinear {

/// Where a frequency lies on a mel scale.
double mel(MelScale scale, double hz);

/// Triangular filters that are equally spaced on a mel scale, over the bins below Nyquist. Only the
/// bins that a band holds are kept.
class MelFilterBank {
 public:
  /// Throws Error (config) where a band holds no bin, as Kaldi does; the libraries whose triangles
  /// are in Hz give such a band no energy, and so does this.
  MelFilterBank(const FrontEnd& front_end, std::size_t fft_size);

  std::size_t size() const noexcept { return filters_.size(); }

  /// The energy of every band, of a block of spectra.
  void operator()(const Lanes* spectrum, Lanes* energies) const;

 private:
  struct Filter {
    std::size_t first_bin, first_weight, bins;
  };
  std::vector<Filter> filters_;
  std::vector<float> weights_;
};

}  // namespace twinear
