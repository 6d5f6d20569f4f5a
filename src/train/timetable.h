// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "twinear/optimizer.h"
#include "twinear/trainer.h"

namespace twinear {

/// How batches make steps, and steps epochs.
struct Timetable {
  Timetable(const Recipe& recipe, std::size_t clips)
      : batch_size(static_cast<std::size_t>(recipe.sampler.labels) *
                   static_cast<std::size_t>(recipe.sampler.clips)),
        batches_per_step(static_cast<std::uint64_t>(recipe.train.accumulate)),
        steps_per_epoch(std::max<std::uint64_t>(1, clips / (batch_size * batches_per_step))),
        steps(steps_per_epoch * static_cast<std::uint64_t>(recipe.train.epochs)),
        thaw(steps_per_epoch * static_cast<std::uint64_t>(recipe.train.freeze_epochs)) {}

  ScheduleStep at(std::uint64_t step) const {
    return {.step = step, .steps = steps, .steps_per_epoch = steps_per_epoch};
  }
  int epochs(std::uint64_t step) const { return static_cast<int>(step / steps_per_epoch); }

  std::size_t batch_size;
  std::uint64_t batches_per_step, steps_per_epoch, steps;
  std::uint64_t thaw;  ///< the step with which frozen layers begin to move; 0: none
};

}  // namespace twinear
