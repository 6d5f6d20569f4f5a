// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "twinear/matrix.h"

namespace twinear {

/// Shapes of a frame's window over its N samples, symmetric: 0 and N - 1 are the ends.
enum class Window { povey, hamming, hann, rectangular };

/// What is taken of each band's energy (or magnitude, where FrontEnd::power is 1).
enum class LogScale {
  natural,  ///< ln of it, or of Kaldi's floor 2^-23 where it is less
  db,       ///< 10 log10 of an energy, 20 log10 of a magnitude, of 1e-10 at least
  none,     ///< itself
};

/// What is subtracted once the whole clip is known.
enum class Norm {
  none,           ///< nothing
  band,           ///< each band's mean over the clip
  level,          ///< one mean over all bands and frames of the clip
  sliding,        ///< each band's mean over a centred window of 300 frames, as in Kaldi
  band_variance,  ///< each band's mean, then divided by its deviation
};

/// How sound becomes frames: the whole specification, a value that travels inside every model.
/// The defaults are Kaldi's `compute-fbank-feats` with 80 bins, without dither.
struct FrontEnd {
  std::string preset = "kaldi";  ///< the name that these values started from
  int sample_rate = 16000;       ///< Hz
  double window_ms = 25.0;       ///< length of one frame
  double hop_ms = 10.0;          ///< step from a frame to the next
  Window window = Window::povey;
  double preemphasis = 0.97;  ///< in [0, 1], within each frame
  bool remove_dc = true;      ///< subtract each frame's mean before all else
  double dither = 0.0;        ///< deviation of noise added to each frame, in `scale`d samples
  int fft_size = 0;           ///< samples; 0 means the next power of two
  int mel_bins = 80;          ///< columns of the result
  double low_hz = 20.0;       ///< lower edge of the first band
  double high_hz = 0.0;       ///< upper edge of the last; 0 means Nyquist, negative: below Nyquist
  bool snip_edges = true;     ///< only frames that lie wholly in the clip
  double scale = 32768.0;     ///< samples in [-1, 1] are multiplied by this first
  int power = 2;              ///< 2: energies, 1: magnitudes
  LogScale log = LogScale::natural;
  Norm norm = Norm::none;

  bool operator==(const FrontEnd&) const = default;
};

/// Log-mel energies: mono samples in [-1, 1] at FrontEnd::sample_rate in, one row of
/// FrontEnd::mel_bins per frame out, normalised as FrontEnd::norm says.
///
/// The steps and their order are Kaldi's (feature-window.cc, feature-fbank.cc,
/// mel-computations.cc). Calls may run in parallel; `seed` matters only with dither.
class LogMel {
 public:
  /// Throws Error (config) for values that no front end can have, e.g. more bands than FFT bins.
  explicit LogMel(const FrontEnd& front_end = {});
  LogMel(LogMel&&) noexcept;
  LogMel& operator=(LogMel&&) noexcept;
  ~LogMel();

  Matrix operator()(std::span<const float> samples, std::uint64_t seed = 0) const;

  /// Rows that `samples` samples give. With snip_edges, fewer than one window gives none.
  std::size_t frames(std::size_t samples) const noexcept;

  const FrontEnd& front_end() const noexcept;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace twinear
