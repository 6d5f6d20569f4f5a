// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "features/framer.h"
#include "features/lane_fft.h"
#include "features/lanes.h"
#include "features/mel_filter_bank.h"
#include "features/rfft.h"
#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// All that is done to a frame by itself, from its samples to the logarithms of its bands. It holds
/// tables only: threads may share it.
class FbankComputer {
 public:
  /// Where the work is done, of one thread at a time, for any number of calls.
  struct Workspace {
    explicit Workspace(const FbankComputer& computer);
    std::vector<float> scratch;
    std::vector<Lanes> block, spectrum, energies;
    std::optional<Rfft> rfft;
  };

  /// Throws Error (config) for values that no front end can have.
  explicit FbankComputer(const FrontEnd& front_end);

  const FrontEnd& front_end() const noexcept { return front_end_; }
  const Framer& framer() const noexcept { return framer_; }

  /// The rows `first` ... `first + count - 1` of the clip's frames.
  Matrix operator()(const Excerpt& clip, std::size_t first, std::size_t count, std::uint64_t seed,
                    Workspace& workspace) const;

  /// The log energies of the same frames, behind those that `energies` holds.
  void add_log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                        Workspace& workspace, std::vector<float>& energies) const;

 private:
  FrontEnd front_end_;
  std::size_t fft_size_;
  Framer framer_;
  MelFilterBank filters_;
  std::optional<LaneFft> lane_fft_;  // KissFFT transforms what it does not take
};

}  // namespace twinear
