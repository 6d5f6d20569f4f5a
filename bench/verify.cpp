// SPDX-License-Identifier: Apache-2.0
// Measures the embedding of one clip of 3 s, and of a batch of clips.
#include <benchmark/benchmark.h>

#include <random>

#include "bench.h"
#include "twinear/threads.h"
#include "twinear/verifier.h"

namespace {

using namespace twinear;

Verifier compact_verifier() {
  return Verifier(Model{.front_end = {},
                        .encoder = Encoder(EncoderSpec::compact({}), 0),
                        .calibration = {},
                        .provenance = "{}",
                        .id = {}});
}

Waveform noise(double seconds) {
  Waveform wave;
  wave.samples = ::noise(static_cast<std::size_t>(seconds * wave.sample_rate));
  return wave;
}

void embed_one_clip(benchmark::State& state) {
  const ThreadLimit limit(1);
  const Verifier verifier = compact_verifier();
  const Waveform wave = noise(static_cast<double>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(verifier.embed(wave));
  state.counters["x real time"] =
      benchmark::Counter(wave.seconds(), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(embed_one_clip)->ArgName("seconds")->Arg(3)->Arg(30)->Unit(benchmark::kMillisecond);

/// One clip of 3 s, features ready: what PyTorch and onnxruntime are timed on. Arguments: threads,
/// whether in bf16.
void encode_one(benchmark::State& state, const EncoderSpec& spec) {
  const ThreadLimit limit(static_cast<int>(state.range(0)));
  Encoder encoder(spec, 0);
  const auto precision = state.range(1) != 0 ? Precision::bf16 : Precision::fp32;
  if (encoder.set_precision(precision) != precision)
    return state.SkipWithError("this CPU has no AVX512_BF16");
  const std::vector<Matrix> clip{LogMel()(noise(3).samples)};
  for (auto _ : state) benchmark::DoNotOptimize(encoder.embed(clip));
  state.counters["flop/s"] = benchmark::Counter(2 * encoder.multiply_adds(clip[0].rows()),
                                                benchmark::Counter::kIsIterationInvariantRate,
                                                benchmark::Counter::kIs1000);
}
void in_each_precision(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "bf16"})
      ->ArgsProduct({{1, 2}, {0, 1}})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void ecapa_encode_one(benchmark::State& state) { encode_one(state, EncoderSpec::ecapa({})); }
BENCHMARK(ecapa_encode_one)->Apply(in_each_precision);

void campplus_encode_one(benchmark::State& state) { encode_one(state, EncoderSpec::campplus({})); }
BENCHMARK(campplus_encode_one)->Apply(in_each_precision);

void encode_batch(benchmark::State& state) {
  const ThreadLimit limit(static_cast<int>(state.range(0)));
  const Encoder encoder(EncoderSpec::compact({}), 0);
  const LogMel log_mel;
  const std::vector<Matrix> clips(64, log_mel(noise(3).samples));
  for (auto _ : state) benchmark::DoNotOptimize(encoder.embed(clips));
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(encode_batch)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// A list of trials as VoxCeleb's are: 1251 speakers of 100 clips, half of the trials targets.
ScoreTable trial_list(std::size_t trials) {
  constexpr std::uint32_t speakers = 1251, clips = 100;
  ScoreTable table;
  for (std::uint32_t i = 0; i < speakers * clips; ++i)
    table.names.push_back("id" + std::to_string(10000 + i / clips) + "/" + std::to_string(i));
  std::mt19937_64 random(0);
  std::normal_distribution<double> normal;
  const auto any = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (std::size_t i = 0; i < trials; ++i) {
    const std::uint32_t enroll = any(speakers * clips);
    const std::uint32_t test =
        any(2) == 0 ? enroll / clips * clips + any(clips) : any(speakers * clips);
    const bool target = enroll / clips == test / clips;
    table.rows.push_back({(target ? 0.6 : 0.1) + 0.12 * normal(random), enroll, test & 0x7fffffffU,
                          target ? 1U : 0U});
  }
  return table;
}

/// Every figure of an evaluation, with and without its intervals over speakers.
void evaluate_trials(benchmark::State& state) {
  const ScoreTable table = trial_list(static_cast<std::size_t>(state.range(0)));
  const EvaluationOptions options{.resamples = static_cast<int>(state.range(1))};
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(table, options));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(evaluate_trials)
    ->ArgNames({"trials", "resamples"})
    ->Args({4'000'000, 0})
    ->Args({4'000'000, 1000})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
