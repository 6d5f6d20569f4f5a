// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/picture.h"
#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// A spectrogram: the features of a clip over time (seconds; minutes for a clip of more than 300 s)
/// and frequency (Hz), and a bar with the value of each color. The darkest color is the 1st
/// percentile of the values, the brightest the 99.9th. A clip with more frames than the picture has
/// columns is averaged. `frames` has at least one row, and front_end.mel_bins columns.
Picture plot(const Matrix& frames, const FrontEnd& front_end, const std::string& title);

}  // namespace twinear
