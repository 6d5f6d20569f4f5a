// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/random.h"

namespace twinear {

/// How much SpecAugment (Park et al. 2019) hides.
struct SpecAugmentOptions {
  int frequency_masks = 2;       ///< masks of neighboring bands
  int frequency_mask_width = 8;  ///< each from 0 to so many bands
  int time_masks = 2;            ///< masks of neighboring frames
  int time_mask_width = 20;      ///< each from 0 to so many frames
};

/// Puts the mean of a clip's features in place of some bands and frames. A mask hides at most half
/// of the bands or frames.
void spec_augment(std::span<float> features, std::size_t bins, const SpecAugmentOptions& options,
                  Random& random);

}  // namespace twinear
