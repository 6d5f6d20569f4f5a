// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/clip_features.h"
#include "twinear/verifier.h"

namespace twinear {

/// Fills in what a clip's sound says of it: seconds, warnings and, where the gate refuses the clip,
/// status and error. Gives whether the clip is to be embedded. `result.source` must be set.
bool passes(const ClipReport& found, const QualityGate& gate, ClipEmbedding& result);

}  // namespace twinear
