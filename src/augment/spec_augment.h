// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/random.h"

namespace twinear {

/// How much SpecAugment (Park et al. 2019) hides.
struct Masks {
  int bands = 2;         ///< masks of neighboring bands
  int band_width = 8;    ///< each from 0 to so many bands
  int frames = 2;        ///< masks of neighboring frames
  int frame_width = 20;  ///< each from 0 to so many frames
};

/// Puts the mean of a clip's features in place of some bands and frames. A mask hides at most half
/// of the bands or frames.
void mask(std::span<float> features, std::size_t bins, const Masks& masks, Random& random);

}  // namespace twinear
