// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/lanes.h"
#include "features/framer.h"
#include "features/lane_fft.h"
#include "features/mel_filter_bank.h"
#include "features/rfft.h"
#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// Computes log-mel filter-bank energies of frames: framing, FFT, mel filters, logarithm. Nothing
/// here looks beyond a single frame. An object holds tables only, so threads may share it.
class FbankComputer {
 public:
  /// Buffers that calls work in. One thread at a time may use a workspace, for any number of calls.
  struct Workspace {
    explicit Workspace(const FbankComputer& computer);
    std::vector<float> scratch;
    std::vector<Lanes> block, spectrum, energies;
    std::optional<Rfft> rfft;
  };

  /// Throws Error (config) for values out of range or that contradict each other.
  explicit FbankComputer(const FrontEnd& front_end);

  const FrontEnd& front_end() const noexcept { return front_end_; }
  const Framer& framer() const noexcept { return framer_; }

  /// Frames `first` ... `first + count - 1` of the clip: count x mel bins. `seed` seeds the dither.
  Matrix operator()(const Excerpt& clip, std::size_t first, std::size_t count, std::uint64_t seed,
                    Workspace& workspace) const;

  /// Appends the natural log energies of frames `first` ... `first + count - 1` to `energies`.
  void add_log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                        Workspace& workspace, std::vector<float>& energies) const;

 private:
  FrontEnd front_end_;
  std::size_t fft_size_;
  Framer framer_;
  MelFilterBank filters_;
  std::optional<LaneFft> lane_fft_;  // absent for sizes that only KissFFT transforms
};

/// Finds the speech of mono `samples` in [-1, 1] with the tables of a front end.
Speech find_speech(std::span<const float> samples, const FbankComputer& computer);

}  // namespace twinear
