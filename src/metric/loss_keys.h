// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/loss.h"

namespace twinear {

/// The table [loss] of a recipe, but for its kind, as a set of fields.
struct LossKeys {
  Loss& loss;
};
inline void fields(Fields& f, LossKeys& keys) { keys.loss.keys(f); }

/// The table [mining] of a recipe as a set of fields.
struct MiningKeys {
  Loss& loss;
};
inline void fields(Fields& f, MiningKeys& keys) { keys.loss.mining_keys(f); }

}  // namespace twinear
