// SPDX-License-Identifier: Apache-2.0
// What augmentation adds to a clip of 3 s, each kind alone, on one thread. For comparison: its
// features, which every clip needs anyhow.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "augment/fir_filter.h"
#include "augment/noise.h"
#include "augment/room.h"
#include "augment/spec_augment.h"
#include "base/random.h"
#include "twinear/audio.h"
#include "twinear/features.h"

namespace {

using namespace twinear;

constexpr int rate = 16000;

std::vector<float> sound() {
  Random random(0, Purpose::test);
  std::vector<float> samples(3 * rate);
  for (float& x : samples) x = static_cast<float>(0.1 * random.normal());
  return samples;
}

template <class Change>
void each_clip(benchmark::State& state, const Change& change) {
  const auto clip = sound();
  Random random(1, Purpose::test);
  for (auto _ : state) benchmark::DoNotOptimize(change(clip, random));
  state.counters["x real time"] =
      benchmark::Counter(3.0, benchmark::Counter::kIsIterationInvariantRate);
}

void features(benchmark::State& state) {
  const LogMel log_mel;
  each_clip(state, [&](const auto& clip, Random&) { return log_mel(clip); });
}
BENCHMARK(features)->Unit(benchmark::kMillisecond);

void colored_noise(benchmark::State& state) {
  each_clip(state, [](auto clip, Random& random) {
    add_noise(clip, twinear::colored_noise(clip.size(), -3.0, rate, random), 10.0);
    return clip;
  });
}
BENCHMARK(colored_noise)->Unit(benchmark::kMillisecond);

void room(benchmark::State& state) {
  each_clip(state, [](const auto& clip, Random& random) {
    return reverberated(clip, room_response(0.5, 6.0, rate, random));
  });
}
BENCHMARK(room)->Unit(benchmark::kMillisecond);

void telephone_band(benchmark::State& state) {
  each_clip(state, [](const auto& clip, Random&) { return band_passed(clip, 300, 3400, rate); });
}
BENCHMARK(telephone_band)->Unit(benchmark::kMillisecond);

void speed_of_90_percent(benchmark::State& state) {
  each_clip(state, [](const auto& clip, Random&) { return resample(clip, 90, 100); });
}
BENCHMARK(speed_of_90_percent)->Unit(benchmark::kMillisecond);

void spec_augment(benchmark::State& state) {
  Matrix frames = LogMel()(sound());
  each_clip(state, [&](const auto&, Random& random) {
    twinear::spec_augment(frames.values(), 80, SpecAugmentOptions{}, random);
    return frames.values()[0];
  });
}
BENCHMARK(spec_augment)->Unit(benchmark::kMillisecond);

}  // namespace
