// SPDX-License-Identifier: Apache-2.0
// Sound to log-mel frames, whole and by stage, on one thread where nothing else is said: 80 bands
// of 16 kHz sound, frames of 25 ms every 10 ms. time_per_frame is what is compared with other
// toolkits.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "features/framer.h"
#include "features/lane_fft.h"
#include "features/logarithm.h"
#include "features/mel_filter_bank.h"
#include "features/rfft.h"
#include "twinear/audio.h"
#include "twinear/clip_features.h"
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

// 64 clips of 3 s on range(0) threads.
void log_mel_of_many(benchmark::State& state) {
  const ThreadLimit limit(static_cast<int>(state.range(0)));
  const LogMel extract;
  const auto clip = noise(3 * rate);
  constexpr std::size_t clips = 64;
  for (auto _ : state)
    parallel_for(clips, [&](std::size_t) { benchmark::DoNotOptimize(extract(clip)); });
  count_frames(state, clips * extract.frames(clip.size()));
}
BENCHMARK(log_mel_of_many)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

// A minute in pieces of range(0) samples.
void log_mel_stream(benchmark::State& state) {
  LogMelStream stream;
  const auto piece = noise(static_cast<std::size_t>(state.range(0)));
  std::size_t frames = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < 60 * rate; at += piece.size())
      frames += stream.push(piece).rows();
    frames += stream.finish().rows();
  }
  count_frames(state, frames / static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(log_mel_stream)->ArgName("piece")->Arg(160)->Arg(1600)->Arg(16000);

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
  const MelFilterBank bands(FrontEnd{}, 512);
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

/// A file of a minute of noise while it lives.
class Minute {
 public:
  explicit Minute(const std::string& extension)
      : path_(std::filesystem::temp_directory_path() /
              ("bench_" + std::to_string(getpid()) + extension)) {
    write_audio(path_, {rate, noise(60 * rate)});
  }
  ~Minute() { std::filesystem::remove(path_); }
  Minute(const Minute&) = delete;
  Minute& operator=(const Minute&) = delete;
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void decode(benchmark::State& state, const std::string& extension) {
  const Minute file(extension);
  for (auto _ : state) benchmark::DoNotOptimize(read_audio(file.path()));
  count_frames(state, 5998);
}
BENCHMARK_CAPTURE(decode, wav, std::string(".wav"));
BENCHMARK_CAPTURE(decode, flac, std::string(".flac"));

// From the file to its frames, as every command does it; the second listens for flaws too.
void wav_to_log_mel(benchmark::State& state, bool quality) {
  const Minute file(".wav");
  const LogMel extract;
  const Clip clip = clip_of_file(file.path());
  for (auto _ : state) benchmark::DoNotOptimize(clip_features(clip, extract, {.quality = quality}));
  count_frames(state, 5998);
}
BENCHMARK_CAPTURE(wav_to_log_mel, unheard, false);
BENCHMARK_CAPTURE(wav_to_log_mel, heard, true);

void resample_from_44100(benchmark::State& state) {
  const auto clip = noise(60 * 44100);
  for (auto _ : state) benchmark::DoNotOptimize(resample(clip, 44100, rate));
  count_frames(state, 5998);
}
BENCHMARK(resample_from_44100);

}  // namespace
