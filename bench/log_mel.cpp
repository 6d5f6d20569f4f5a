// SPDX-License-Identifier: Apache-2.0
// Sound to log-mel frames, whole and by stage, on one thread: 80 bands of 16 kHz sound, frames of
// 25 ms every 10 ms. time_per_frame is what is compared with other toolkits.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "features/framer.h"
#include "features/lane_fft.h"
#include "features/logarithm.h"
#include "features/mel_bands.h"
#include "features/rfft.h"
#include "twinear/audio.h"
#include "twinear/features.h"

namespace {

using namespace twinear;

constexpr int rate = 16000;

std::vector<float> noise(std::size_t count) {
  Random random(0, Purpose::test);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.5, 0.5));
  return samples;
}

std::vector<Lanes> rows_of_noise(std::size_t count) {
  const auto values = noise(count * lane_count);
  std::vector<Lanes> rows(count);
  for (std::size_t i = 0; i < values.size(); ++i)
    rows[i / lane_count][i % lane_count] = 1.0F + values[i];
  return rows;
}

void count_frames(benchmark::State& state, std::size_t frames_each_time) {
  const double frames =
      static_cast<double>(state.iterations()) * static_cast<double>(frames_each_time);
  using benchmark::Counter;
  state.counters["frames"] = Counter(frames, Counter::kIsRate);
  state.counters["audio_hours"] = Counter(frames / 360000.0, Counter::kIsRate);
  state.counters["time_per_frame"] = Counter(frames, Counter::kIsRate | Counter::kInvert);
}

// A clip of range(0) seconds by a transform of range(1): 512 goes by lanes, 480 by KissFFT.
void log_mel(benchmark::State& state) {
  const LogMel extract({.fft_size = static_cast<int>(state.range(1))});
  const auto clip = noise(static_cast<std::size_t>(state.range(0)) * rate);
  for (auto _ : state) benchmark::DoNotOptimize(extract(clip));
  count_frames(state, extract.frames(clip.size()));
}
BENCHMARK(log_mel)->Args({3, 512})->Args({60, 512})->Args({3, 480});

// The stages of one block of frames.

void stage_window(benchmark::State& state) {
  const Framer framer{FrontEnd{}};
  const auto clip = noise(rate);
  std::vector<float> scratch(framer.scratch_size());
  std::vector<Lanes> block(512);
  for (auto _ : state) {
    framer.cut({clip, 0, clip.size()}, 32, lane_count, 0, scratch, block.data());
    benchmark::ClobberMemory();
  }
  count_frames(state, lane_count);
}
BENCHMARK(stage_window);

void stage_fft_by_lanes(benchmark::State& state) {
  const LaneFft fft(512);
  const auto source = rows_of_noise(512);
  auto block = source;
  std::vector<Lanes> power(257);
  for (auto _ : state) {
    block = source;  // a transform of transforms would overflow
    fft.power(block.data(), power.data());
    benchmark::ClobberMemory();
  }
  count_frames(state, lane_count);
}
BENCHMARK(stage_fft_by_lanes);

void stage_fft_by_kissfft(benchmark::State& state) {
  Rfft fft(512);
  const auto block = rows_of_noise(512);
  std::vector<Lanes> power(257);
  for (auto _ : state) {
    fft.power(block.data(), power.data());
    benchmark::ClobberMemory();
  }
  count_frames(state, lane_count);
}
BENCHMARK(stage_fft_by_kissfft);

void stage_mel(benchmark::State& state) {
  const MelBands bands(FrontEnd{}, 512);
  const auto power = rows_of_noise(257);
  std::vector<Lanes> energies(bands.size());
  for (auto _ : state) {
    bands(power.data(), energies.data());
    benchmark::ClobberMemory();
  }
  count_frames(state, lane_count);
}
BENCHMARK(stage_mel);

void stage_log(benchmark::State& state) {
  const auto source = rows_of_noise(80);
  auto energies = source;
  for (auto _ : state) {
    energies = source;
    logarithm(energies.data(), energies.size(), std::numeric_limits<float>::epsilon(), 1.0F);
    benchmark::ClobberMemory();
  }
  count_frames(state, lane_count);
}
BENCHMARK(stage_log);

// What comes before: a file of a minute, and a minute at a CD's rate.

void decode(benchmark::State& state, const std::string& extension) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("bench_" + std::to_string(getpid()) + extension);
  write_audio(path, {rate, noise(60 * rate)});
  for (auto _ : state) benchmark::DoNotOptimize(read_audio(path));
  std::filesystem::remove(path);
  count_frames(state, 5998);
}
BENCHMARK_CAPTURE(decode, wav, std::string(".wav"));
BENCHMARK_CAPTURE(decode, flac, std::string(".flac"));

void resample_from_44100(benchmark::State& state) {
  const auto clip = noise(60 * 44100);
  for (auto _ : state) benchmark::DoNotOptimize(resample(clip, 44100, rate));
  count_frames(state, 5998);
}
BENCHMARK(resample_from_44100);

}  // namespace
