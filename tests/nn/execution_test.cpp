// SPDX-License-Identifier: Apache-2.0
#include "nn/execution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/threads.h"
#include "nn/execution_pool.h"
#include "nn/memory_plan.h"
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
Result train_once(Network& network, std::size_t clips, std::size_t first_clip = 0) {
  Execution pass(network, {clips, 40, network.bins()}, Mode::training);
  for (std::size_t i = 0; i < clips; ++i) {
    const auto length = 40 - (first_clip + i) % 5;
    pass.input().lengths[i] = length;
    fill_noise({pass.input().clip(i), length * network.bins()},
               static_cast<std::uint32_t>(100 + first_clip + i));
  }
  pass.forward();
  Result result{pass.output().value, {}, {}};
  for (std::size_t i = 0; i < clips; ++i)
    fill_noise({pass.output().clip_gradient(i), 12},
               static_cast<std::uint32_t>(200 + first_clip + i));
  pass.backward();
  for (const auto& [key, parameter] : network.parameters()) {
    result.values.push_back(parameter->value);
    result.gradients.push_back(parameter->gradient);
  }
  return result;
}

TEST(Execution, GivesTheSameBitsAtAnyNumberOfThreads) {
  const auto run = [](int threads) {
    const ThreadLimit limit(threads);
    Network network(small_compact(), 3);
    return train_once(network, 37);
  };
  const Result one = run(1);
  EXPECT_EQ(run(2), one);
  EXPECT_EQ(run(4), one);
}

TEST(Execution, GradientsOfTwoTowersAddUpInTheSharedWeights) {
  // Without batch norm a clip's gradient does not depend on its batch: two towers of one clip
  // each, one after the other, are one batch of two.
  const EncoderSpec spec{
      .kind = "test",
      .bins = 6,
      .layers = {{.kind = "conv1d", .name = "a", .keys = {{"out", 8}, {"kernel", 3}}},
                 {.kind = "relu", .name = "b"},
                 {.kind = "stats_pool", .name = "c"},
                 {.kind = "linear", .name = "d", .keys = {{"out", 12}}},
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
  for (const Node& node : network.nodes()) {
    for (Parameter& p : node.layer->parameters()) p.frozen = true;
    if (node.name == last) return;
  }
}

TEST(Execution, FrozenLayersKeepTheirStatisticsAndComputeAsInInference) {
  Network network(small_compact(), 3);
  train_once(network, 9);  // so that the statistics are not those of the start
  network.zero_gradients();
  freeze_until(network, "sphere");
  std::vector<Buffer> before;
  for (const auto& [key, p] : network.parameters()) before.push_back(p->value);
  Execution training(network, {3, 40, 8}, Mode::training),
      inference(network, {3, 40, 8}, Mode::inference);
  for (Execution* pass : {&training, &inference}) {
    fill_noise(pass->input().value, 1);
    pass->forward();
  }
  for (std::size_t i = 0; i < training.output().value.size(); ++i)
    EXPECT_NEAR(training.output().value[i], inference.output().value[i], 1e-5);
  training.backward();
  std::size_t i = 0;
  for (const auto& [key, p] : network.parameters()) EXPECT_EQ(p->value, before[i++]) << key;
}

/// Each moving weight's gradient, of a few in each parameter, is the slope of the loss.
void expect_whole_slopes(Network& network) {
  Execution pass(network, {9, 12, network.bins()}, Mode::training);
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
    if (!parameter->moves()) continue;
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
  EXPECT_GT(tested, 20U);
}

TEST(Execution, BehindFrozenLayersGradientsAreTheSlopes) {
  EncoderSpec spec = small_compact();
  for (LayerSpec& layer : spec.layers)
    if (layer.kind == "batch_norm") set_value(layer.keys, "relu", false);
  Network network(spec, 3);
  train_once(network, 9);
  // One that is frozen lies between others: the gradient goes through it.
  for (const Node& node : network.nodes())
    if (node.kind == "batch_norm" && node.name != "input_norm")
      for (Parameter& p : node.layer->parameters()) p.frozen = true;
  expect_whole_slopes(network);
}

TEST(Execution, AWholeEncodersGradientsAreItsSlopes) {
  EncoderSpec compact = small_compact();
  EncoderSpec residual =
      EncoderSpec::residual({.bins = 8, .channels = {6, 10}, .blocks = 1, .embedding = 12});
  EncoderSpec campplus = EncoderSpec::campplus({.bins = 8,
                                                .maps = 3,
                                                .front_blocks = {1, 1},
                                                .channels = 6,
                                                .growth = 3,
                                                .bottleneck = 5,
                                                .context = 4,
                                                .segment = 4,
                                                .layers = {2, 1},
                                                .dilations = {1, 2},
                                                .embedding = 12});
  for (EncoderSpec* spec : {&compact, &residual, &campplus}) {
    SCOPED_TRACE(spec->kind);
    for (LayerSpec& layer : spec->layers) {  // a step must not cross a corner
      if (layer.kind == "batch_norm") set_value(layer.keys, "relu", false);
      if (layer.kind == "relu") layer.kind = "tanh";
    }
    Network network(*spec, 3);
    for (const auto& [key, parameter] : network.parameters())
      if (key.ends_with("mask.reduce.bias")) std::ranges::fill(parameter->value, 2.0F);
    expect_whole_slopes(network);
  }
}

/// A network whose running statistics are not those it was born with, and what it embeds.
struct Inference {
  explicit Inference(const EncoderSpec& spec) : network(spec, 1) {
    Execution pass(network, {16, 50, network.bins()}, Mode::training);
    fill_noise(pass.input().value, 99, 2.0);
    for (int i = 0; i < 3; ++i) pass.forward();
    network.weights_changed();
  }
  Buffer embed(const Shape& shape, const ExecutionOptions& options = {}) {
    Execution pass(network, shape, Mode::inference, options);
    fill_noise(pass.input().value, 7);
    pass.forward();
    pass.forward();  // in memory that has been used
    return pass.output().value;
  }
  Network network;
};

std::vector<EncoderSpec> encoders() {
  return {EncoderSpec::compact({.bins = 16}),
          EncoderSpec::xvector({.bins = 16, .channels = 32, .pooled = 48}),
          EncoderSpec::ecapa({.bins = 16, .channels = 32, .aggregated = 48}),
          EncoderSpec::residual({.bins = 16, .channels = {16, 32}}),
          EncoderSpec::campplus({.bins = 16, .maps = 8, .growth = 8, .layers = {3, 2, 2}})};
}

TEST(Execution, FlowsThatShareMemoryHoldTheSameBits) {
  for (const EncoderSpec& spec : encoders()) {
    Inference inference(spec);
    for (const Shape& shape : {Shape{1, 300, 16}, Shape{19, 40, 16}}) {
      EXPECT_EQ(inference.embed(shape), inference.embed(shape, {.share_memory = false}))
          << spec.kind;
      const Execution shared(inference.network, shape, Mode::inference);
      const Execution apart(inference.network, shape, Mode::inference, {.share_memory = false});
      EXPECT_LT(shared.bytes(), apart.bytes()) << spec.kind;
      if (spec.kind == "ecapa") {
        EXPECT_LT(shared.bytes(), apart.bytes() / 3);
      }
    }
  }
}

TEST(Execution, GradientsThatShareMemoryAreTheSameBits) {
  for (const EncoderSpec& spec : encoders()) {
    const auto gradients = [&](bool share) {
      Network network(spec, 3);
      Execution pass(network, {19, 30, 16}, Mode::training, {.share_memory = share});
      fill_noise(pass.input().value, 7);
      std::vector<Buffer> all;
      for (int i = 0; i < 2; ++i) {
        pass.forward();
        fill_noise(pass.output().gradient, 8);
        pass.backward();
      }
      for (const auto& [key, parameter] : network.parameters()) all.push_back(parameter->gradient);
      return std::pair(all, pass.bytes());
    };
    const auto shared = gradients(true), apart = gradients(false);
    EXPECT_EQ(shared.first, apart.first) << spec.kind;
    EXPECT_LT(shared.second, apart.second) << spec.kind;
  }
}

TEST(Execution, ATrainingStepOfEcapaKeepsItsMemoryLow) {
  // 64 clips of 2 s through C = 512 are to stay under 3 GiB; these are an eighth of them.
  Network network(EncoderSpec::ecapa({}), 0);
  const Execution pass(network, {8, 200, 80}, Mode::training);
  EXPECT_LT(pass.bytes(), (std::size_t{3} << 30U) / 8 / 2);
}

TEST(Execution, OneClipIsTheSameBitsAtAnyNumberOfThreads) {
  for (const EncoderSpec& spec : encoders()) {
    Inference inference(spec);
    const auto run = [&](int threads) {
      const ThreadLimit limit(threads);
      return inference.embed({1, 333, 16});
    };
    const Buffer one = run(1);
    EXPECT_EQ(run(2), one) << spec.kind;
    EXPECT_EQ(run(4), one) << spec.kind;
  }
}

TEST(Execution, InInferenceEveryBatchNormAfterAConvolutionIsInItsPrimitive) {
  Network network(EncoderSpec::ecapa({}), 0);
  const Execution pass(network, {1, 100, 80}, Mode::inference);
  std::size_t folded = 0;
  for (std::size_t i = 1; i < network.nodes().size(); ++i)
    folded += network.nodes()[i].kind == "batch_norm" && network.nodes()[i - 1].kind == "conv1d";
  EXPECT_EQ(folded, 1U + 3 * (2 + 7) + 1);  // block0; tdnn1, seven of Res2, tdnn2; mfa
  EXPECT_EQ(pass.ops(), network.nodes().size() - folded);
}

TEST(ExecutionPool, IsBoundedInPassesAndInMemory) {
  Network network(EncoderSpec::compact({.bins = 4, .channels = {8}, .strides = {1}}), 0);
  const std::size_t one = Execution(network, {1, 400, 4}, Mode::inference).bytes();
  ExecutionPool few(5), small(1000, 3 * one);
  for (std::size_t frames = 1; frames <= 400; ++frames)
    for (ExecutionPool* pool : {&few, &small}) {
      pool->put(pool->take(network, {1, frames, 4}));
      EXPECT_LE(few.size(), 5U);
      EXPECT_LE(small.bytes(), 3 * one);
    }
  EXPECT_EQ(few.size(), 5U);
  EXPECT_EQ(small.size(), 3U);
}

TEST(ExecutionPool, TakesThePassOfTheShapeThatWasPutBack) {
  Network network(EncoderSpec::statistics(4), 0);
  ExecutionPool pool;
  auto first = pool.take(network, {1, 10, 4});
  const Execution* address = first.get();
  pool.put(std::move(first));
  EXPECT_NE(pool.take(network, {1, 11, 4}).get(), address);
  EXPECT_EQ(pool.take(network, {1, 10, 4}).get(), address);
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_EQ(pool.bytes(), 0U);
}

TEST(MemoryPlan, PiecesThatAreNeededAtOnceNeverOverlap) {
  Random random(3, Purpose::test);
  std::vector<Lifetime> pieces;
  std::size_t all = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto first = static_cast<std::size_t>(random.uniform(0, 180));
    const auto length = static_cast<std::size_t>(random.uniform(0, 8));
    const auto bytes = static_cast<std::size_t>(random.uniform(1, 5000));
    pieces.push_back({bytes, first, first + length});
    all += bytes;
  }
  const MemoryPlan plan = plan_memory(pieces);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(plan.begins[i] % 64, 0U);
    EXPECT_LE(plan.begins[i] + pieces[i].bytes, plan.bytes);
    for (std::size_t j = 0; j < i; ++j) {
      if (pieces[i].first > pieces[j].last || pieces[j].first > pieces[i].last) continue;
      EXPECT_TRUE(plan.begins[i] + pieces[i].bytes <= plan.begins[j] ||
                  plan.begins[j] + pieces[j].bytes <= plan.begins[i]);
    }
  }
  EXPECT_LT(plan.bytes, all / 8);
}

}  // namespace
}  // namespace twinear::nn
