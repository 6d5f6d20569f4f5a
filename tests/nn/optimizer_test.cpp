// SPDX-License-Identifier: Apache-2.0
#include "nn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/threads.h"
#include "nn/rig.h"

namespace twinear::nn {
namespace {

Network one_linear(int bins, int out) {
  return Network({.kind = "test",
                  .bins = bins,
                  .layers = {{.kind = "stats_pool", .name = "pool"},
                             {.kind = "linear", .name = "a", .keys = {{"out", out}}}}},
                 1);
}

// Three steps on given gradients, by torch.optim. tests/golden/make_adam.py
TEST(Adam, StepsAsPyTorchDoes) {
  std::ifstream file(TWINEAR_SOURCE_DIR "/tests/golden/adam.json");
  const auto golden = nlohmann::json::parse(file);
  for (const char* kind : {"adam", "adamw"}) {
    Network network = one_linear(2, 3);
    Parameter& weight = *network.parameters()[0].parameter;
    const auto start = golden.at("start").get<std::vector<float>>();
    ASSERT_EQ(start.size(), weight.value.size());
    std::ranges::copy(start, weight.value.begin());
    Adam adam(network, {.weight_decay = 0.1, .decoupled = kind == std::string("adamw")});
    for (const auto& gradient : golden.at("gradients")) {
      std::ranges::copy(gradient.get<std::vector<float>>(), weight.gradient.begin());
      adam.step(0.01);
      for (const float g : weight.gradient) EXPECT_EQ(g, 0.0F);
    }
    const auto end = golden.at(kind).get<std::vector<float>>();
    for (std::size_t i = 0; i < end.size(); ++i) EXPECT_NEAR(weight.value[i], end[i], 1e-6) << kind;
  }
}

TEST(Adam, ClipsTheWholeGradientToItsNorm) {
  Network network = one_linear(200, 300);
  Adam adam(network, {});
  for (const auto& [key, parameter] : network.parameters()) fill_noise(parameter->gradient, 4);
  const double before = adam.clip(0);
  EXPECT_NEAR(adam.clip(2 * before), before, 1e-9 * before);  // short enough: untouched
  EXPECT_NEAR(adam.clip(1.5), before, 1e-9 * before);
  EXPECT_NEAR(adam.clip(0), 1.5, 1e-5);
}

TEST(Adam, MovesWhatIsLearnedOutsideOfTheNetworkAlike) {
  Network network = one_linear(2, 3);
  Parameter& weight = *network.parameters()[0].parameter;
  std::vector<float> value(weight.value.begin(), weight.value.end()), gradient(value.size(), 2.0F);
  weight.want_gradient();
  std::ranges::fill(weight.gradient, 2.0F);
  Adam adam(network, {.weight_decay = 0.1}, {{"loss.learned", value, gradient}});
  EXPECT_EQ(adam.moments.back().key, "loss.learned");
  EXPECT_NEAR(adam.clip(1.0), 2 * std::sqrt(24.0), 1e-6);  // of both
  adam.step(0.01);
  EXPECT_TRUE(std::ranges::equal(value, weight.value));
  for (const float g : gradient) EXPECT_EQ(g, 0.0F);
}

TEST(Adam, MovesAlikeAtAnyNumberOfThreads) {
  const auto run = [](int threads) {
    const ThreadLimit limit(threads);
    Network network = one_linear(300, 200);
    Adam adam(network, {.weight_decay = 0.01});
    Parameter& weight = *network.parameters()[0].parameter;
    for (int i = 0; i < 3; ++i) {
      fill_noise(weight.gradient, 8);
      adam.clip(1);
      adam.step(0.1);
    }
    return weight.value;
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(Adam, TheSumOfSomeBatchesBecomesTheirMeanBeforeItIsClipped) {
  Network network = one_linear(2, 3);
  Parameter& weight = *network.parameters()[0].parameter;
  Adam adam(network, {});
  std::ranges::fill(weight.gradient, 6.0F);
  const double norm = 2 * std::sqrt(static_cast<double>(weight.gradient.size()));
  EXPECT_NEAR(adam.clip(100, 3), norm, 1e-6);
  for (const float g : weight.gradient) EXPECT_FLOAT_EQ(g, 2.0F);
  EXPECT_GT(adam.clip(1, 2), 1.0);
  EXPECT_NEAR(adam.clip(0), 1.0, 1e-6);
}

TEST(Adam, WhatIsFrozenStaysAndBeginsAtItsOwnFirstStep) {
  Network network = one_linear(2, 3), fresh = one_linear(2, 3);
  Parameter& weight = *network.parameters()[0].parameter;
  const Buffer start = weight.value;
  Adam adam(network, {.weight_decay = 0.1}), first(fresh, {.weight_decay = 0.1});
  weight.frozen = true;
  for (int i = 0; i < 5; ++i) {
    std::ranges::fill(weight.gradient, 2.0F);
    network.parameters()[1].parameter->gradient[0] = 3.0F;
    EXPECT_NEAR(adam.clip(0), 3.0, 1e-6);  // without what is frozen
    adam.step(0.01);
  }
  EXPECT_EQ(weight.value, start);
  weight.frozen = false;
  for (Network* n : {&network, &fresh})
    std::ranges::fill(n->parameters()[0].parameter->gradient, 2.0F);
  adam.step(0.01);
  first.step(0.01);
  EXPECT_EQ(weight.value, fresh.parameters()[0].parameter->value);
}

}  // namespace
}  // namespace twinear::nn
