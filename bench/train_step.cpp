// SPDX-License-Identifier: Apache-2.0
// One training step as the trainer does it: forward, batch-hard mining, triplet loss, backward,
// Adam. The defaults are those of the PyTorch peer: 16 x 4 clips of 300 frames and 64 bands.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/random.h"
#include "base/threads.h"
#include "linalg/onednn_info.h"
#include "nn/execution.h"
#include "nn/optimizer.h"
#include "twinear/loss.h"

namespace {

using namespace twinear;

/// The most memory that the process has had in use, in bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

/// Arguments: threads, labels P, clips K, frames, whether in bf16.
void train_step(benchmark::State& state, const EncoderSpec& spec) {
  const ThreadLimit limit(static_cast<int>(state.range(0)));
  const auto clips = static_cast<std::size_t>(state.range(1) * state.range(2));
  const auto frames = static_cast<std::size_t>(state.range(3));
  nn::Network network(spec, 0);
  const auto numbers = state.range(4) != 0 ? nn::Number::bf16 : nn::Number::f32;
  if (numbers == nn::Number::bf16 && !has_bf16())
    return state.SkipWithError("this CPU has no AVX512_BF16");
  nn::Execution pass(network, {clips, frames, network.bins()}, nn::Mode::training,
                     {.numbers = numbers});
  nn::Adam adam(network, {});
  Random random(0, Purpose::test);
  for (float& x : pass.input().value) x = static_cast<float>(random.normal());
  std::vector<int> labels(clips);
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<int>(static_cast<std::int64_t>(i) / state.range(2));

  const auto loss =
      make_loss({}, {.classes = static_cast<std::size_t>(state.range(1)), .width = 192});
  Matrix embeddings(labels.size(), 192);
  for (auto _ : state) {
    pass.forward();
    std::ranges::copy(pass.output().value, embeddings.values().begin());
    Matrix gradient(labels.size(), 192);
    (*loss)({embeddings, labels}, gradient);
    std::ranges::copy(gradient.values(), pass.output().gradient.begin());
    pass.backward();
    adam.clip(5.0);
    adam.step(1e-5);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(clips));
  const nn::Shape input{clips, frames, network.bins()};
  const double forward = 2 * network.multiply_adds(input);
  const double first = 2 * network.nodes()[0].layer->multiply_adds(std::span(&input, 1));
  state.counters["flop/s"] =  // the first layer's input needs no gradient
      benchmark::Counter(3 * forward - first, benchmark::Counter::kIsIterationInvariantRate,
                         benchmark::Counter::kIs1000);
  state.counters["peak_rss"] =  // also of what ran before: --benchmark_filter one
      benchmark::Counter(peak_memory(), benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
}

void compact_train_step(benchmark::State& state) {
  train_step(state, EncoderSpec::compact({.bins = 64, .strides = {1, 2, 2}, .pooled_norm = false}));
}
BENCHMARK(compact_train_step)
    ->ArgNames({"threads", "P", "K", "frames", "bf16"})
    ->ArgsProduct({{1, 2}, {16}, {4}, {300}, {0, 1}})
    ->Args({2, 32, 4, 200, 0})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void ecapa_train_step(benchmark::State& state) { train_step(state, EncoderSpec::ecapa({})); }
BENCHMARK(ecapa_train_step)
    ->ArgNames({"threads", "P", "K", "frames", "bf16"})
    ->ArgsProduct({{1, 2}, {4}, {4}, {200}, {0, 1}})
    ->ArgsProduct({{2}, {16}, {4}, {200}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void xvector_train_step(benchmark::State& state) { train_step(state, EncoderSpec::xvector({})); }
BENCHMARK(xvector_train_step)
    ->ArgNames({"threads", "P", "K", "frames", "bf16"})
    ->ArgsProduct({{1, 2}, {4}, {4}, {200}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
