// SPDX-License-Identifier: Apache-2.0
// Measures log-mel frames of sound at 16 kHz: 80 mel bins, frames of 25 ms every 10 ms, on one
// thread unless a name tells another number. Other toolkits are compared by time_per_frame.
#include <benchmark/benchmark.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bench.h"
#include "twinear/audio.h"
#include "twinear/clip_features.h"
#include "twinear/features.h"
#include "twinear/threads.h"

namespace {

using namespace twinear;

constexpr int rate = 16000;

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
    tbb::parallel_for(std::size_t{0}, clips,
                      [&](std::size_t) { benchmark::DoNotOptimize(extract(clip)); });
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

// Measures the way from a file to its frames, as every command takes it; the second one also looks
// for quality issues.
void wav_to_log_mel(benchmark::State& state, bool quality) {
  const Minute file(".wav");
  const LogMel extract;
  const Clip clip = clip_of_file(file.path());
  for (auto _ : state) benchmark::DoNotOptimize(clip_features(clip, extract, {.quality = quality}));
  count_frames(state, 5998);
}
BENCHMARK_CAPTURE(wav_to_log_mel, plain, false);
BENCHMARK_CAPTURE(wav_to_log_mel, quality, true);

void resample_from_44100(benchmark::State& state) {
  const auto clip = noise(60 * 44100);
  for (auto _ : state) benchmark::DoNotOptimize(resample(clip, 44100, rate));
  count_frames(state, 5998);
}
BENCHMARK(resample_from_44100);

}  // namespace
