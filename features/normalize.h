// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// Lower bound of a variance before its square root, as in Kaldi.
inline constexpr double variance_floor = 1e-10;

/// Applies FrontEnd::top_db and FrontEnd::norm to all frames of a clip. A variance divides by the
/// number of frames; sums are in double precision.
void normalize(Matrix& frames, const FrontEnd& front_end);

}  // namespace twinear
