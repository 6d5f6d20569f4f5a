// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "nn/rig.h"

namespace twinear::nn {
namespace {

TEST(Gelu, GradientsAreTheSlopes) {
  expect_slopes("gelu", {}, {{9, 3, 4}});
  expect_slopes("gelu", {}, {{3, 5, 4}}, {5, 3, 1});
  expect_adding("gelu", {}, {{9, 3, 4}});
}

TEST(Gelu, IsTheProductWithTheNormalDistributionUpToItsApproximation) {
  const auto gelu = make_layer("gelu", {}, std::vector{Shape{1, 1, 161}});
  Rig rig(*gelu, {{1, 1, 161}});
  for (std::size_t i = 0; i < 161; ++i) rig.in[0].value[i] = (static_cast<float>(i) - 80.0F) * 0.1F;
  rig.loss();
  for (std::size_t i = 0; i < 161; ++i) {
    const double x = rig.in[0].value[i];
    EXPECT_NEAR(rig.out.value[i], x * 0.5 * std::erfc(-x / std::sqrt(2.0)), 5e-4) << x;
  }
  EXPECT_EQ(rig.out.value[80], 0.0F);
}

}  // namespace
}  // namespace twinear::nn
