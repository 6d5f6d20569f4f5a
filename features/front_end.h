// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/settings.h"
#include "twinear/features.h"

namespace twinear {

/// The keys of `[front_end]` and their ranges.
void fields(Fields& f, FrontEnd& front_end);

/// The same values. Throws Error (config) for one out of range and for any that no front end has.
FrontEnd checked(FrontEnd front_end);

/// Samples in a window and in a hop, cut off as Kaldi does.
std::size_t window_size(const FrontEnd& front_end);
std::size_t hop_size(const FrontEnd& front_end);
double hop_seconds(const FrontEnd& front_end);

/// Points of the transform: fft_size or, for 0, the next power of two.
std::size_t transform_size(const FrontEnd& front_end);

/// Hz at the last band's upper edge: high_hz with 0 and negative values resolved.
double upper_edge(const FrontEnd& front_end);

/// Why no frame can be given before the clip has ended; empty where it can.
std::string whole_clip_reason(const FrontEnd& front_end);

}  // namespace twinear
