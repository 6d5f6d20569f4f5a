// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluate/comparisons.h"
#include "twinear/metrics.h"

namespace twinear {

/// The public evaluate() for speakers that are known, whatever options.clips say.
Evaluation evaluate(const ScoreTable& trials, const Speakers& speakers,
                    const EvaluationOptions& options);

}  // namespace twinear
