// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "twinear/features.h"

namespace twinear {

/// Visits the keys of `[front_end]` with their ranges.
void fields(Fields& f, FrontEnd& o);

/// The names of front_end_preset(), Kaldi's first.
std::vector<std::string> front_end_presets();

/// Returns `front_end`. Throws Error (config) for values out of range or that contradict each
/// other.
FrontEnd checked(FrontEnd front_end);

/// The number of samples in a window and in a hop, rounded down as in Kaldi.
std::size_t window_size(const FrontEnd& front_end);
std::size_t hop_size(const FrontEnd& front_end);

/// The time from one frame to the next in seconds, which is a whole number of samples.
double hop_seconds(const FrontEnd& front_end);

/// The number of points of the FFT: fft_size or, if that is 0, the window's size rounded up to a
/// power of two.
std::size_t transform_size(const FrontEnd& front_end);

/// The upper edge of the last mel filter in Hz: high_hz, or Nyquist plus a high_hz of 0 or less.
double upper_edge(const FrontEnd& front_end);

/// The reason why no frame is final before the clip ends; empty if frames can be streamed.
std::string whole_clip_reason(const FrontEnd& front_end);

}  // namespace twinear
