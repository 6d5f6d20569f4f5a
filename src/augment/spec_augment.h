// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/random.h"
#include "twinear/augment.h"

namespace twinear {

/// Replaces some mel bins and frames of a clip's features (frames x bins, row by row) by their
/// mean, as SpecAugment (Park et al. 2019) does. `options` tells the number of masks and their
/// maximum widths; a width is drawn from 0 up. A mask covers at most half of the mel bins or
/// frames.
void spec_augment(std::span<float> features, std::size_t bins, const AugmentOptions& options,
                  Random& random);

}  // namespace twinear
