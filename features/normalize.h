// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// Subtracts from a whole clip's frames what `norm` says. Sums are in double.
void normalize(Matrix& frames, Norm norm);

}  // namespace twinear
