// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twinear {
namespace {

/// From `a` to `b` along half a cosine while x goes from 0 to 1.
double half_cosine(double a, double b, double x) {
  return b + (a - b) * 0.5 * (1 + std::cos(std::numbers::pi * x));
}

/// PyTorch's OneCycleLR as it stands: the top is at step 0.3 steps - 1, the end at the last.
double one_cycle(double top, const Moment& at) {
  constexpr double rise = 0.3, first = 1 / 25.0, last = first / 1e4;
  const auto step = static_cast<double>(at.step), steps = static_cast<double>(at.steps);
  const double peak = rise * steps - 1;
  if (step <= peak) return half_cosine(top * first, top, step / peak);
  return half_cosine(top, top * last, std::min(1.0, (step - peak) / (steps - 1 - peak)));
}

double triangular(const OptimizerOptions& o, std::uint64_t step) {
  const double cycles = static_cast<double>(step) / o.cycle_steps, cycle = std::floor(cycles);
  const double height = 1 - std::abs(2 * (cycles - cycle) - 1);
  const double shrunk = o.schedule == "triangular2" ? std::exp2(-cycle) : 1.0;
  return o.final_learning_rate + (o.learning_rate - o.final_learning_rate) * height * shrunk;
}

}  // namespace

double learning_rate(const OptimizerOptions& o, const Moment& at) {
  const double top = o.learning_rate, end = o.final_learning_rate;
  if (o.schedule == "one-cycle") return one_cycle(top, at);
  if (o.schedule.starts_with("triangular")) return triangular(o, at.step);

  const auto warmup = static_cast<double>(o.warmup_steps), step = static_cast<double>(at.step);
  if (step < warmup) return top * (step + 1) / warmup;
  const double rest = std::max(1.0, static_cast<double>(at.steps) - warmup);
  const double x = (step - warmup) / rest;
  if (o.schedule == "cosine") return half_cosine(top, end, x);
  if (o.schedule == "linear") return top + (end - top) * x;
  if (o.schedule == "exponential") return top * std::pow(end / top, x);
  if (o.schedule == "step") return top * std::pow(o.decay, std::floor(at.epoch() / o.decay_epochs));
  return top;
}

float margin(const Objective& o, const Moment& at) {
  const float full = o.kind == "aam-softmax" ? o.aam.margin : o.margin;
  if (o.ramp.until == 0) return full;
  const double x = (at.epoch() - o.ramp.from) / (o.ramp.until - o.ramp.from);
  return std::lerp(o.ramp.start, full, static_cast<float>(std::clamp(x, 0.0, 1.0)));
}

}  // namespace twinear
