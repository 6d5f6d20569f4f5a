// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace twinear {

/// A clip through a filter, as long as it was: y[i] = sum over k of response[k] x[i + delay - k],
/// with silence before and after the clip. `delay` is the response's own, so that nothing moves
/// in time. By FFT, in blocks.
std::vector<float> filtered(std::span<const float> samples, std::span<const float> response,
                            std::size_t delay);

/// The clip between two frequencies, not moved in time: a linear-phase filter that is within
/// 0.1 dB of one from 100 Hz inside the band on, and under -60 dB from 100 Hz outside of it on.
/// 0 has nothing below it, Nyquist nothing above.
std::vector<float> band_passed(std::span<const float> samples, double low_hz, double high_hz,
                               int sample_rate);

}  // namespace twinear
