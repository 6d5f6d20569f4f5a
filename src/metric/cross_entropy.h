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

}  // namespace twinear
