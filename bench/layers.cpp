// SPDX-License-Identifier: Apache-2.0
// The layers of the compact encoder, forward and backward, one micro-batch on one thread: the rate
// to hold against the machine's fused-multiply-add peak.
#include <benchmark/benchmark.h>

#include "base/threads.h"
#include "nn/batch_norm.h"
#include "nn/conv1d.h"
#include "nn/stats_pool.h"

namespace {

using namespace twinear::nn;

/// One step between two flows of a micro-batch.
struct Ready {
  Ready(Layer& layer, Shape shape) {
    in.shape = shape;
    out.shape = layer.output(std::span(&shape, 1));
    for (Flow* flow : {&in, &out}) {
      flow->value.assign(static_cast<std::size_t>(flow->shape.size()), 0.5F);
      flow->gradient = flow->value;
      flow->lengths.assign(static_cast<std::size_t>(shape.clips), flow->shape.frames);
    }
    const Edge edge{&in, false};
    step = layer.prepare(std::span(&edge, 1), out, Mode::training);
    step->begin();
    if (step->whole()) {
      step->collect(part);
      step->join();
    }
    step->forward(part);
    if (step->whole()) {
      step->collect_back(part);
      step->join_back();
    }
  }
  Flow in, out;
  Part part{0, 0, clips_per_part};
  std::unique_ptr<Step> step;
};

void run(benchmark::State& state, Layer& layer, Shape shape, bool backward, double flops) {
  const twinear::WorkerScope worker;
  Ready ready(layer, shape);
  for (auto _ : state) {
    if (backward)
      ready.step->backward(ready.part);
    else
      ready.step->forward(ready.part);
  }
  if (flops > 0)
    state.counters["flop/s"] = benchmark::Counter(
        flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  state.SetBytesProcessed(
      state.iterations() *
      static_cast<std::int64_t>(
          static_cast<std::size_t>(ready.in.shape.size() + ready.out.shape.size()) *
          sizeof(float)));
}

/// Arguments: channels in, channels out, kernel, stride; frames in; backward (two products).
void conv1d(benchmark::State& state) {
  Conv1d conv({.in = state.range(0),
               .out = state.range(1),
               .kernel = state.range(2),
               .stride = state.range(3),
               .bias = false});
  const Shape shape{clips_per_part, state.range(4), state.range(0)};
  const bool backward = state.range(5) != 0;
  run(state, conv, shape, backward, conv.multiply_adds(std::span(&shape, 1)) * (backward ? 4 : 2));
}
BENCHMARK(conv1d)
    ->ArgNames({"in", "out", "kernel", "stride", "frames", "backward"})
    ->ArgsProduct({{64}, {128}, {5}, {1}, {300}, {0, 1}})
    ->ArgsProduct({{128}, {256}, {3}, {2}, {300}, {0, 1}})
    ->ArgsProduct({{256}, {256}, {3}, {2}, {150}, {0, 1}});

void batch_norm_relu(benchmark::State& state) {
  BatchNorm norm({.channels = 256, .relu = true});
  run(state, norm, {clips_per_part, 150, 256}, state.range(0) != 0, 0);
}
BENCHMARK(batch_norm_relu)->ArgName("backward")->Arg(0)->Arg(1);

void stats_pool(benchmark::State& state) {
  StatsPool pool;
  run(state, pool, {clips_per_part, 75, 256}, state.range(0) != 0, 0);
}
BENCHMARK(stats_pool)->ArgName("backward")->Arg(0)->Arg(1);

/// The ceiling: independent fused multiply-adds on registers.
void peak_fma(benchmark::State& state) {
  constexpr int accumulators = 12, lanes = 16;
  using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;
  Vector sums[accumulators] = {}, a = Vector{} + 0.999F, b = Vector{} + 0.001F;
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i)
      for (auto& sum : sums) sum = sum * a + b;
    for (auto& sum : sums) benchmark::DoNotOptimize(sum);
  }
  state.counters["flop/s"] = benchmark::Counter(2.0 * 1000 * accumulators * lanes,
                                                benchmark::Counter::kIsIterationInvariantRate,
                                                benchmark::Counter::kIs1000);
}
BENCHMARK(peak_fma);

}  // namespace
