// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

inline constexpr double variance_floor = 1e-10;  ///< Kaldi's, under each variance

/// What a front end does once a clip's frames are all there: top_db and norm. Variances are those
/// of the population; sums are in double.
void normalize(Matrix& frames, const FrontEnd& front_end);

}  // namespace twinear
