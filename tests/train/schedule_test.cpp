// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twinear/error.h"
#include "twinear/loss.h"
#include "twinear/optimizer.h"

namespace twinear {
namespace {

OptimizerOptions scheduled(const std::string& schedule, double last = 0) {
  OptimizerOptions options{.learning_rate = 0.1, .warmup_steps = 10};
  options.schedule = schedule;
  options.final_learning_rate = last;
  return options;
}

double rate(const OptimizerOptions& options, std::uint64_t step, std::uint64_t steps = 110) {
  return learning_rate(options, {.step = step, .steps = steps, .steps_per_epoch = 5});
}

TEST(Schedule, WarmsUpInALine) {
  for (const char* kind : {"cosine", "linear", "exponential", "constant", "step"}) {
    EXPECT_DOUBLE_EQ(rate(scheduled(kind, 1e-3), 0), 0.01) << kind;
    EXPECT_DOUBLE_EQ(rate(scheduled(kind, 1e-3), 9), 0.1) << kind;
  }
  OptimizerOptions at_once = scheduled("cosine");
  at_once.warmup_steps = 0;
  EXPECT_DOUBLE_EQ(rate(at_once, 0, 1), 0.1);
}

TEST(Schedule, FallsAlongItsCurveToTheLastRate) {
  EXPECT_DOUBLE_EQ(rate(scheduled("cosine"), 10), 0.1);
  EXPECT_DOUBLE_EQ(rate(scheduled("cosine"), 60), 0.05);
  EXPECT_LT(rate(scheduled("cosine"), 109), 1e-4);
  EXPECT_DOUBLE_EQ(rate(scheduled("cosine", 0.02), 60), 0.06);
  EXPECT_DOUBLE_EQ(rate(scheduled("linear", 0.02), 35), 0.08);
  EXPECT_NEAR(rate(scheduled("exponential", 1e-3), 60), 0.01, 1e-12);
  EXPECT_NEAR(rate(scheduled("exponential", 1e-3), 110), 1e-3, 1e-12);
  EXPECT_DOUBLE_EQ(rate(scheduled("constant"), 109), 0.1);
}

TEST(Schedule, StepsDownEverySoManyEpochs) {
  OptimizerOptions options = scheduled("step");
  options.decay = 0.5;
  options.decay_epochs = 4;  // of 5 steps
  EXPECT_DOUBLE_EQ(rate(options, 19), 0.1);
  EXPECT_DOUBLE_EQ(rate(options, 20), 0.05);
  EXPECT_DOUBLE_EQ(rate(options, 40), 0.025);
}

// The values of torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=10) by its formula.
TEST(Schedule, OneCycleIsPyTorchs) {
  const OptimizerOptions options = scheduled("one-cycle");
  EXPECT_NEAR(rate(options, 0, 10), 0.004, 1e-12);
  EXPECT_NEAR(rate(options, 1, 10), 0.052, 1e-12);
  EXPECT_NEAR(rate(options, 2, 10), 0.1, 1e-12);
  EXPECT_NEAR(rate(options, 5, 10),
              4e-7 + (0.1 - 4e-7) / 2 * (1 + std::cos(std::numbers::pi * 3 / 7)), 1e-12);
  EXPECT_NEAR(rate(options, 9, 10), 4e-7, 1e-12);
  for (const std::uint64_t steps : {1U, 2U, 3U, 4U})
    for (std::uint64_t k = 0; k < steps; ++k) EXPECT_TRUE(std::isfinite(rate(options, k, steps)));
}

TEST(Schedule, TrianglesRiseAndFallAndTheSecondKindShrinks) {
  OptimizerOptions options = scheduled("triangular", 0.02);
  options.cycle_steps = 20;
  for (const std::uint64_t cycle : {0U, 20U, 40U}) {
    EXPECT_NEAR(rate(options, cycle), 0.02, 1e-12);
    EXPECT_NEAR(rate(options, cycle + 5), 0.06, 1e-12);
    EXPECT_NEAR(rate(options, cycle + 10), 0.1, 1e-12);
    EXPECT_NEAR(rate(options, cycle + 15), 0.06, 1e-12);
  }
  options.schedule = "triangular2";
  EXPECT_NEAR(rate(options, 10), 0.1, 1e-12);
  EXPECT_NEAR(rate(options, 30), 0.06, 1e-12);
  EXPECT_NEAR(rate(options, 50), 0.04, 1e-12);
}

TEST(MarginRamp, GrowsStepByStepBetweenTwoEpochs) {
  Margin aam{.full = 0.2F, .start = 0.0F, .from = 2, .until = 4};
  const auto at = [&](double epoch) {
    aam.set_epoch(epoch);
    return aam.now;
  };
  EXPECT_EQ(at(0), 0.0F);
  EXPECT_EQ(at(2), 0.0F);
  EXPECT_FLOAT_EQ(at(2.5), 0.05F);
  EXPECT_FLOAT_EQ(at(3), 0.1F);
  EXPECT_EQ(at(4), 0.2F);
  EXPECT_EQ(at(9.9), 0.2F);
  aam.until = 0;
  EXPECT_EQ(at(0), 0.2F);
  EXPECT_EQ(Margin{.full = 0.7F}.now, 0.7F);
}

TEST(Schedule, OfAnUnknownNameIsRefused) { EXPECT_THROW(rate(scheduled("unknown"), 0), Error); }

}  // namespace
}  // namespace twinear
