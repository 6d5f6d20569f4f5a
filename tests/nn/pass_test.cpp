// SPDX-License-Identifier: Apache-2.0
#include "nn/pass.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/threads.h"
#include "nn/rig.h"

namespace twinear::nn {
namespace {

EncoderSpec small_compact() {
  return EncoderSpec::compact({.bins = 8,
                               .channels = {16, 24, 16},
                               .strides = {1, 2, 1},
                               .embedding = 12,
                               .input_norm = true});
}

struct Result {
  Buffer embeddings;
  std::vector<Buffer> values, gradients;
  bool operator==(const Result&) const = default;
};

/// One training pass over a batch of clips of different lengths.
Result train_once(Network& network, std::int64_t clips, std::int64_t first_clip = 0) {
  Pass pass(network, {clips, 40, network.bins()}, Mode::training);
  for (std::int64_t i = 0; i < clips; ++i) {
    const auto length = 40 - (first_clip + i) % 5;
    pass.input().lengths[static_cast<std::size_t>(i)] = length;
    fill_noise({pass.input().clip(i), static_cast<std::size_t>(length * network.bins())},
               static_cast<std::uint32_t>(100 + first_clip + i));
  }
  pass.forward();
  Result result{pass.output().value, {}, {}};
  for (std::int64_t i = 0; i < clips; ++i)
    fill_noise({pass.output().clip_gradient(i), 12},
               static_cast<std::uint32_t>(200 + first_clip + i));
  pass.backward();
  for (const auto& [key, parameter] : network.parameters()) {
    result.values.push_back(parameter->value);
    result.gradients.push_back(parameter->gradient);
  }
  return result;
}

TEST(Pass, GivesTheSameBitsAtAnyNumberOfThreads) {
  const auto run = [](int threads) {
    const ThreadLimit limit(threads);
    Network network(small_compact(), 3);
    return train_once(network, 37);
  };
  const Result one = run(1);
  EXPECT_EQ(run(2), one);
  EXPECT_EQ(run(4), one);
}

TEST(Pass, GradientsOfTwoTowersAddUpInTheSharedWeights) {
  // Without batch norm a clip's gradient does not depend on its batch: two towers of one clip
  // each, one after the other, are one batch of two.
  const EncoderSpec spec{.kind = "test",
                         .bins = 6,
                         .layers = {{.kind = "conv1d", .name = "a", .out = 8, .kernel = 3},
                                    {.kind = "relu", .name = "b"},
                                    {.kind = "stats_pool", .name = "c"},
                                    {.kind = "linear", .name = "d", .out = 12},
                                    {.kind = "l2_normalize", .name = "e"}}};
  Network together(spec, 5), apart(spec, 5);
  const Result both = train_once(together, 2);
  train_once(apart, 1, 0);
  const Result second = train_once(apart, 1, 1);
  for (std::size_t p = 0; p < both.gradients.size(); ++p)
    for (std::size_t i = 0; i < both.gradients[p].size(); ++i)
      EXPECT_NEAR(second.gradients[p][i], both.gradients[p][i], 1e-5);
}

/// Freezes all layers up to and with the one named.
void freeze_until(Network& network, const std::string& last) {
  for (const auto& [name, layer, inputs] : network.nodes()) {
    for (Parameter& p : layer->parameters()) p.frozen = true;
    if (name == last) return;
  }
}

TEST(Pass, FrozenLayersKeepTheirStatisticsAndComputeAsInInference) {
  Network network(small_compact(), 3);
  train_once(network, 9);  // so that the statistics are not those of the start
  network.zero_gradients();
  freeze_until(network, "sphere");
  std::vector<Buffer> before;
  for (const auto& [key, p] : network.parameters()) before.push_back(p->value);
  Pass training(network, {3, 40, 8}, Mode::training),
      inference(network, {3, 40, 8}, Mode::inference);
  for (Pass* pass : {&training, &inference}) {
    fill_noise(pass->input().value, 1);
    pass->forward();
  }
  for (std::size_t i = 0; i < training.output().value.size(); ++i)
    EXPECT_NEAR(training.output().value[i], inference.output().value[i], 1e-5);
  training.backward();
  std::size_t i = 0;
  for (const auto& [key, p] : network.parameters()) EXPECT_EQ(p->value, before[i++]) << key;
}

TEST(Pass, BehindFrozenLayersGradientsAreTheSlopes) {
  EncoderSpec spec = small_compact();
  for (LayerSpec& layer : spec.layers) layer.relu = false;
  Network network(spec, 3);
  train_once(network, 9);
  network.zero_gradients();
  // One that is frozen lies between others: the gradient goes through it.
  for (const auto& [name, layer, inputs] : network.nodes())
    if (layer->kind() == "batch_norm" && name != "input_norm")
      for (Parameter& p : layer->parameters()) p.frozen = true;
  Pass pass(network, {9, 12, 8}, Mode::training);
  fill_noise(pass.input().value, 1);
  Buffer weights(pass.output().value.size());
  fill_noise(weights, 2);
  const auto loss = [&] {
    network.weights_changed();
    pass.forward();
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += static_cast<double>(weights[i]) * pass.output().value[i];
    return sum;
  };
  loss();
  pass.output().gradient = weights;
  pass.backward();
  std::size_t tested = 0;
  for (const auto& [key, p] : network.parameters()) {
    if (!p->moves()) continue;
    const float whole = p->value[0];
    constexpr float h = 1e-2F;
    p->value[0] = whole + h;
    const double up = loss();
    p->value[0] = whole - h;
    const double down = loss();
    p->value[0] = whole;
    EXPECT_NEAR(p->gradient[0], (up - down) / (2 * h), 2e-2 * std::abs(p->gradient[0]) + 2e-3)
        << key;
    ++tested;
  }
  EXPECT_GT(tested, 4U);
}

TEST(Pass, AWholeEncodersGradientsAreItsSlopes) {
  EncoderSpec spec = small_compact();
  for (LayerSpec& layer : spec.layers) layer.relu = false;  // a step must not cross a corner
  Network network(spec, 3);
  Pass pass(network, {9, 12, 8}, Mode::training);
  fill_noise(pass.input().value, 1);
  Buffer weights(pass.output().value.size());
  fill_noise(weights, 2);
  const auto loss = [&] {
    network.weights_changed();
    pass.forward();
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += static_cast<double>(weights[i]) * pass.output().value[i];
    return sum;
  };
  loss();
  network.zero_gradients();
  pass.output().gradient = weights;
  pass.backward();
  std::size_t tested = 0;
  for (const auto& [key, parameter] : network.parameters()) {
    if (!parameter->learned()) continue;
    for (std::size_t i = 0; i < parameter->value.size(); i += 1 + parameter->value.size() / 5) {
      const float at = parameter->value[i], step = 2e-3F;
      parameter->value[i] = at + step;
      const double up = loss();
      parameter->value[i] = at - step;
      const double down = loss();
      parameter->value[i] = at;
      const double slope = (up - down) / (2 * static_cast<double>(step));
      EXPECT_NEAR(parameter->gradient[i], slope, 5e-3 * std::max(1.0, std::abs(slope)))
          << key << " at [" << i << "]";
      ++tested;
    }
  }
  EXPECT_GT(tested, 30U);
}

}  // namespace
}  // namespace twinear::nn
