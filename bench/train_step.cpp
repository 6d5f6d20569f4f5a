// SPDX-License-Identifier: Apache-2.0
// Measures a training step as the trainer takes it: forward, batch-hard mining, triplet loss,
// backward, Adam. The defaults are those of the PyTorch peer: 16 x 4 clips of 300 frames and 64 mel
// bins.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "bench.h"
#include "twinear/encoder.h"
#include "twinear/learner.h"
#include "twinear/threads.h"

namespace {

using namespace twinear;

/// The most memory that the process has had in use, in bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

/// A size that the options of a layer give, such as "kernel".
double size_of(const LayerSpec& layer, const std::string& key) {
  for (const auto& [name, value] : layer.keys)
    if (name == key) return std::get<int>(value);
  return 1;
}

/// The floating-point operations of a step: forward, and backward by inputs and by weights, where
/// the first convolution's input needs no gradient.
double step_operations(const Encoder& encoder, std::size_t clips, std::size_t frames) {
  const EncoderSpec& spec = encoder.spec();
  const double first = size_of(spec.layers[0], "kernel") * spec.bins *
                       size_of(spec.layers[0], "out") * static_cast<double>(frames);
  return 2 * (3 * encoder.multiply_adds(frames) - first) * static_cast<double>(clips);
}

/// Arguments: threads, labels P, clips K, frames, whether in bf16.
void train_step(benchmark::State& state, const EncoderSpec& spec) {
  const ThreadLimit limit(static_cast<int>(state.range(0)));
  const auto clips = static_cast<std::size_t>(state.range(1) * state.range(2));
  const auto frames = static_cast<std::size_t>(state.range(3));
  const auto precision = state.range(4) != 0 ? Precision::bf16 : Precision::fp32;
  Encoder encoder(spec, 0);
  if (encoder.set_precision(precision) != precision)
    return state.SkipWithError("this CPU has no AVX512_BF16");
  Learner learner(encoder, make_loss({}, {}), {}, precision);
  FeatureBatch batch(clips, frames, static_cast<std::size_t>(spec.bins));
  for (std::size_t i = 0; i < clips; ++i) {
    fill_with_noise(batch.clip(i), 1.0F, i);
    batch.labels[i] = static_cast<int>(i / static_cast<std::size_t>(state.range(2)));
  }
  for (auto _ : state) {
    learner.learn(batch);
    learner.step(1e-5);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(clips));
  state.counters["flop/s"] = benchmark::Counter(step_operations(encoder, clips, frames),
                                                benchmark::Counter::kIsIterationInvariantRate,
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
