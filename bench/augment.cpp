// SPDX-License-Identifier: Apache-2.0
// Measures each kind of augmentation of a clip of 3 s on one thread. Its cost is the difference to
// `features`, which every clip needs.
#include <benchmark/benchmark.h>

#include "bench.h"
#include "twinear/batch_loader.h"
#include "twinear/threads.h"

namespace {

using namespace twinear;

/// `cache_mb` above 0 keeps the sound that is augmented; features alone must not be kept.
void augmented(benchmark::State& state, const AugmentOptions& options, std::size_t cache_mb) {
  const ThreadLimit limit(1);
  Clip clip = clip_of_samples({.sample_rate = 16000, .samples = noise(3 * 16000)});
  clip.label = "noise";
  const Manifest manifest = make_manifest({clip});
  BatchLoader batches(manifest, {},
                      {.crop_seconds = 3.0,
                       .augment = options,
                       .prefetch = 1,
                       .cache_mb = cache_mb,
                       .draw = [](std::uint64_t) { return std::vector<std::size_t>{0}; }});
  for (auto _ : state) benchmark::DoNotOptimize(batches.next());
  state.counters["x real time"] =
      benchmark::Counter(3.0, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(augmented, features, AugmentOptions{}, 0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(augmented, colored_noise, AugmentOptions{.colored_noise = 1}, 1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(augmented, room, AugmentOptions{.reverb = 1}, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(augmented, telephone_band, AugmentOptions{.telephone = 1}, 1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(augmented, speed, AugmentOptions{.speed = 1}, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(augmented, spec_augment, AugmentOptions{.spec_augment = 1}, 0)
    ->Unit(benchmark::kMillisecond);

}  // namespace
