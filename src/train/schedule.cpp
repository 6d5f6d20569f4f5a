// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "twinear/optimizer.h"

namespace twinear {
namespace {

/// From `a` to `b` along half a cosine while x goes from 0 to 1.
double half_cosine(double a, double b, double x) {
  return b + (a - b) * 0.5 * (1 + std::cos(std::numbers::pi * x));
}

/// The top is at step 0.3 steps - 1, the end at the last step, as in PyTorch's OneCycleLR.
double one_cycle(const OptimizerOptions& o, const ScheduleStep& at) {
  constexpr double rise = 0.3, first = 1 / 25.0, last = first / 1e4;
  const double top = o.learning_rate;
  const auto step = static_cast<double>(at.step), steps = static_cast<double>(at.steps);
  const double peak = rise * steps - 1;
  if (step <= peak) return half_cosine(top * first, top, step / peak);
  return half_cosine(top, top * last, std::min(1.0, (step - peak) / (steps - 1 - peak)));
}

/// `shrink` is the factor of the height from a cycle to the next.
double triangular(const OptimizerOptions& o, const ScheduleStep& at, double shrink) {
  const double cycles = static_cast<double>(at.step) / o.cycle_steps, cycle = std::floor(cycles);
  const double height = 1 - std::abs(2 * (cycles - cycle) - 1);
  return o.final_learning_rate +
         (o.learning_rate - o.final_learning_rate) * height * std::pow(shrink, cycle);
}

std::vector<ScheduleKind> built_in() {
  using O = const OptimizerOptions&;
  using At = const ScheduleStep&;
  return {
      {.name = "cosine",
       .summary = "half a cosine down to final_learning_rate",
       .rate =
           [](O o, At at) {
             return half_cosine(o.learning_rate, o.final_learning_rate, at.progress);
           }},
      {.name = "linear",
       .summary = "a line down to final_learning_rate",
       .rate =
           [](O o, At at) {
             return o.learning_rate + (o.final_learning_rate - o.learning_rate) * at.progress;
           }},
      {.name = "exponential",
       .summary = "the same factor at each step, down to final_learning_rate",
       .rate =
           [](O o, At at) {
             return o.learning_rate *
                    std::pow(o.final_learning_rate / o.learning_rate, at.progress);
           },
       .needs_final_rate = true},
      {.name = "constant",
       .summary = "learning_rate throughout",
       .rate = [](O o, At) { return o.learning_rate; }},
      {.name = "step",
       .summary = "times decay every decay_epochs",
       .rate =
           [](O o, At at) {
             return o.learning_rate * std::pow(o.decay, std::floor(at.epoch() / o.decay_epochs));
           }},
      {.name = "one-cycle",
       .summary = "half a cosine up from 1/25 of learning_rate over three tenths of the steps, "
                  "another down to 1/250000 (Smith and Topin 2018)",
       .rate = one_cycle,
       .warms_up = false},
      {.name = "triangular",
       .summary = "up from final_learning_rate and back every cycle_steps (Smith 2017)",
       .rate = [](O o, At at) { return triangular(o, at, 1.0); },
       .warms_up = false},
      {.name = "triangular2",
       .summary = "triangular, with half the height after each cycle",
       .rate = [](O o, At at) { return triangular(o, at, 0.5); },
       .warms_up = false},
  };
}

}  // namespace

Registry<ScheduleKind>& schedules() {
  static Registry<ScheduleKind> all("schedule", built_in());
  return all;
}

double learning_rate(const OptimizerOptions& o, ScheduleStep at) {
  const ScheduleKind& schedule = schedules().find(o.schedule);
  if (!schedule.warms_up) return schedule.rate(o, at);
  const auto warmup = static_cast<double>(o.warmup_steps), step = static_cast<double>(at.step);
  if (step < warmup) return o.learning_rate * (step + 1) / warmup;
  const double rest = std::max(1.0, static_cast<double>(at.steps) - warmup);
  at.progress = (step - warmup) / rest;
  return schedule.rate(o, at);
}

}  // namespace twinear
