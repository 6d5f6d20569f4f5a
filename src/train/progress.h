// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "twinear/trainer.h"

namespace twinear {

/// How far a run has come, and what its evaluations on dev decided.
struct Progress {
  std::uint64_t step = 0;  ///< steps done
  int best_epoch = 0;      ///< 0: not evaluated yet
  double best_eer = 0;
  int since_best = 0;      ///< evaluations
  int since_drop = 0;      ///< the same, but counted anew when the rate is lowered
  double rate_factor = 1;  ///< of the learning rate, from plateaus

  /// Takes an evaluation in; whether it is the best.
  bool evaluated(double eer, int epoch, const OptimizerOptions& optimizer);

  /// Whether patience has ended.
  bool over(const TrainOptions& train) const {
    return train.patience > 0 && since_best >= train.patience;
  }

  std::string json() const;
  /// Throws Error (format), `place` first.
  static Progress from_json(const std::string& text, const std::string& place);
};

}  // namespace twinear
