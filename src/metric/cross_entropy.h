// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "linalg/table.h"
#include "twinear/loss_functions.h"

namespace twinear {

/// The mean over rows i of -ln softmax(logits(i))[targets[i]]; `logits` becomes the slope along
/// itself. Parallel, and equal at any number of threads.
LossValue cross_entropy(Table& logits, std::span<const std::size_t> targets);

/// The cross-entropy of w cos + b; `cosines` becomes the slope along itself, and that along
/// `logit`, as logit_parameters() makes it, is added to it.
LossValue cosine_cross_entropy(Table& cosines, std::span<const std::size_t> targets,
                               LossParameters& logit);

}  // namespace twinear
