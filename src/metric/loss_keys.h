// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/loss.h"

namespace twinear {

/// The keys of the table [loss] of a recipe, except the kind.
struct LossKeys {
  Loss& loss;
};
inline void fields(Fields& f, LossKeys& keys) { keys.loss.keys(f); }

/// The keys of the table [mining] of a recipe.
struct MiningKeys {
  Loss& loss;
};
inline void fields(Fields& f, MiningKeys& keys) { keys.loss.mining_keys(f); }

}  // namespace twinear
