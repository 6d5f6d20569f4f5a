// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "twinear/trainer.h"

namespace twinear {

/// Mines the batch as the objective says and adds the loss's gradient to `gradient`. `draw` seeds
/// what the miner draws at random.
LossValue mine_and_lose(const Objective& objective, const Matrix& embeddings,
                        std::span<const int> labels, std::uint64_t draw, Matrix& gradient);

/// What the loss is where all embeddings are one point, or 0 where that says nothing.
double collapsed_loss(const Objective& objective);

}  // namespace twinear
