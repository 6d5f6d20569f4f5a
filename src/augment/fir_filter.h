// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace twinear {

/// Filters a clip: y[i] = sum over k of response[k] x[i + delay - k], with silence before and after
/// the clip. The result is as long as the clip. `delay`, in samples, is the filter's own delay and
/// is compensated, so that nothing moves in time. Computed by FFT in blocks (overlap-save).
/// `response` must not be empty.
std::vector<float> filtered(std::span<const float> samples, std::span<const float> response,
                            std::size_t delay);

/// Keeps the frequencies of a clip between `low_hz` and `high_hz` with a linear-phase filter whose
/// delay is compensated. The gain is within 0.1 dB of 0 dB from 100 Hz inside the band, and below
/// -60 dB from 100 Hz outside of it. A `low_hz` of 0 makes a low-pass, a `high_hz` of at least
/// Nyquist a high-pass.
std::vector<float> band_passed(std::span<const float> samples, double low_hz, double high_hz,
                               int sample_rate);

}  // namespace twinear
