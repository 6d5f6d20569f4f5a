// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/lanes.h"

namespace twinear {

/// Replaces each value x of `count` rows by factor * ln(max(x, floor)), with an error of at most
/// 1e-6 * factor. `floor` must be a positive normal number.
void logarithm(Lanes* rows, std::size_t count, float floor, float factor);

}  // namespace twinear
