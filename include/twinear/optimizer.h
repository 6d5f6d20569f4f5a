// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "twinear/registry.h"

namespace twinear {

/// [optimizer]
struct OptimizerOptions {
  std::string kind = "adamw";  ///< or "adam": weight decay added to the gradient
  double learning_rate = 1e-3;
  double weight_decay = 1e-4;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  int warmup_steps = 40;  ///< linear from 0; schedules that rise by themselves have none

  /// The kind of schedules() that the rate follows after the warm-up, down to the last step.
  std::string schedule = "cosine";
  double final_learning_rate = 0.0;  ///< the rate at the end; "exponential" needs one above 0
  double decay = 0.1;      ///< factor of the rate, every decay_epochs in "step", and at a plateau
  int decay_epochs = 10;   ///< "step"
  int cycle_steps = 1000;  ///< "triangular" and "triangular2"
  /// Evaluations on dev without a lower EER after which the rate, whatever the schedule, is from
  /// then on times `decay`; 0 means never.
  int plateau = 0;
  double clip_norm = 5.0;  ///< maximum of the norm of the whole gradient; 0 means none
};

/// Where a run stands.
struct ScheduleStep {
  std::uint64_t step = 0;   ///< counted from 0
  std::uint64_t steps = 1;  ///< of the whole run
  std::uint64_t steps_per_epoch = 1;
  double progress = 0;  ///< 0 at the end of the warm-up, 1 at the last step; set by learning_rate()

  double epoch() const { return static_cast<double>(step) / static_cast<double>(steps_per_epoch); }
};

/// A way in which the learning rate changes during a run; a recipe names it: optimizer.schedule.
struct ScheduleKind {
  std::string name;
  std::string summary;  ///< a phrase for help and documentation, without a full stop
  /// The rate of a step after the warm-up.
  std::function<double(const OptimizerOptions&, const ScheduleStep&)> rate;
  bool warms_up = true;           ///< false: the schedule rises by itself, without a warm-up
  bool needs_final_rate = false;  ///< final_learning_rate must be above 0
};

/// All schedules, by name. A program adds its own with schedules().add().
Registry<ScheduleKind>& schedules();

/// The learning rate of a step by the schedule that the options name; a plateau is not seen here.
/// Throws Error (config) for an unknown schedule.
double learning_rate(const OptimizerOptions& options, ScheduleStep at);

}  // namespace twinear
