// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "features/lanes.h"

namespace twinear {

/// Of each value `factor` times its natural logarithm, within 1e-6 of it (times the factor);
/// values under `floor`, a positive normal number, count as the floor.
void logarithm(Lanes* rows, std::size_t count, float floor, float factor);

}  // namespace twinear
