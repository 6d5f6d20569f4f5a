// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/matrix.h"

namespace twinear {

/// Rows of doubles: distances, cosines, logits and the slopes along them.
using Table = MatrixOf<double>;

}  // namespace twinear
