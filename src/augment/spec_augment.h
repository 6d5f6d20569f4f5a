// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/random.h"

namespace twinear {

/// The masks of SpecAugment (Park et al. 2019).
struct SpecAugmentOptions {
  int frequency_masks = 2;       ///< Number of masks over adjacent mel bins.
  int frequency_mask_width = 8;  ///< Maximum mel bins of each; the width is drawn from 0 up.
  int time_masks = 2;            ///< Number of masks over adjacent frames.
  int time_mask_width = 20;      ///< Maximum frames of each; the width is drawn from 0 up.
};

/// Replaces some mel bins and frames of a clip's features (frames x bins, row by row) by their
/// mean. A mask covers at most half of the mel bins or frames.
void spec_augment(std::span<float> features, std::size_t bins, const SpecAugmentOptions& options,
                  Random& random);

}  // namespace twinear
