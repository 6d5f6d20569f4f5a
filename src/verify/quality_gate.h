// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/verifier.h"

namespace twinear {

/// Sets what the sound of a clip says about it: seconds, warnings and, for a clip that the gate
/// refuses, status and error. Returns whether the clip is to be embedded.
bool passes(const ClipReport& found, const QualityGate& gate, ClipEmbedding& result);

}  // namespace twinear
