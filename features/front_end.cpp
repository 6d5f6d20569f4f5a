// SPDX-License-Identifier: Apache-2.0
#include "features/front_end.h"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <vector>

#include "twinear/error.h"

namespace twinear {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(Fault::config, "front end: " + reason);
}

/// Checks values that were set in code against the ranges of the keys in files.
class RangeCheck final : public Fields {
 public:
  void number(const Key& key, double& value, double min, double max) override {
    if (!(value >= min && value <= max))
      refuse(
          fmt::format("{}: expected a value from {} to {}, found {}", key.name, min, max, value));
  }
  void whole(const Key& key, int& value, int min, int max) override {
    double wide = value;
    number(key, wide, min, max);
  }
  void choice(const Key& key, int& index, std::span<const char* const> names) override {
    whole(key, index, 0, static_cast<int>(names.size()) - 1);
  }
};

std::size_t samples_in(double milliseconds, int sample_rate) {
  return static_cast<std::size_t>(
      sample_rate * 0.001 *
      milliseconds);  // the order of Kaldi's multiplications, which decides the rounding
}

}  // namespace

void fields(Fields& f, FrontEnd& front_end) {
  f.text("preset", front_end.preset);
  f.whole("sample_rate", front_end.sample_rate, 1000, 768000);
  f.number("window_ms", front_end.window_ms, 0.1, 1000.0);
  f.number("hop_ms", front_end.hop_ms, 0.1, 1000.0);
  f.choice("window", front_end.window, {"povey", "hamming", "hann", "rectangular"});
  f.flag("periodic_window", front_end.periodic_window);
  f.number("preemphasis", front_end.preemphasis, 0.0, 1.0);
  f.flag("remove_dc", front_end.remove_dc);
  f.number("dither", front_end.dither, 0.0, 1e4);
  f.whole("fft_size", front_end.fft_size, 0, 1 << 20);
  f.whole("mel_bins", front_end.mel_bins, 1, 4096);
  f.number("low_hz", front_end.low_hz, 0.0, 384000.0);
  f.number("high_hz", front_end.high_hz, -384000.0, 384000.0);
  f.choice("mel_scale", front_end.mel_scale, {"htk", "slaney"});
  f.choice("filter_shape", front_end.filter_shape, {"mel", "hz", "hz-symmetric"});
  f.flag("area_norm", front_end.area_norm);
  f.flag("snip_edges", front_end.snip_edges);
  f.choice("frame_alignment", front_end.frame_alignment, {"hop-middle", "hop-start"});
  f.choice("padding", front_end.padding, {"symmetric", "reflect", "zero"});
  f.number("scale", front_end.scale, 1e-6, 1e9);
  f.whole("power", front_end.power, 1, 2);
  f.choice("log", front_end.log, {"natural", "db", "none"});
  f.number("floor", front_end.floor, 0.0, 1e30);
  f.number("top_db", front_end.top_db, 0.0, 1000.0);
  f.choice("norm", front_end.norm, {"none", "per-bin", "global", "sliding", "per-bin-variance"});
  f.whole("sliding_frames", front_end.sliding.frames, 1, 1'000'000);
  f.flag("sliding_centered", front_end.sliding.centered);
  f.whole("sliding_min", front_end.sliding.min_frames, 1, 1'000'000);
  f.flag("sliding_variance", front_end.sliding.variance);
  f.choice("vad", front_end.vad, {"none", "energy"});
  VadOptions& vad = front_end.vad_options;
  f.number("vad_threshold", vad.threshold, -100.0, 100.0);
  f.number("vad_mean_scale", vad.mean_scale, 0.0, 10.0);
  f.whole("vad_context", vad.context, 0, 10'000);
  f.number("vad_proportion", vad.proportion, 0.0, 1.0);
  f.number("vad_min_seconds", vad.min_seconds, 0.0, 3600.0);
}

FrontEnd checked(FrontEnd front_end) {
  RangeCheck ranges;
  fields(ranges, front_end);

  const std::size_t window = window_size(front_end), size = transform_size(front_end);
  if (window < 2)
    refuse(fmt::format("window_ms: {} ms has fewer than 2 samples", front_end.window_ms));
  if (hop_size(front_end) < 1) refuse(fmt::format("hop_ms: {} ms has no sample", front_end.hop_ms));
  if (size < window)
    refuse(
        fmt::format("fft_size: expected at least the window's {} samples, found {}", window, size));
  const double nyquist = 0.5 * front_end.sample_rate, high = upper_edge(front_end);
  if (!(front_end.low_hz < high && high <= nyquist))
    refuse(fmt::format("mel filters from {} to {} Hz: expected low < high <= {} Hz",
                       front_end.low_hz, high, nyquist));
  if (front_end.floor > 0 && front_end.floor < std::numeric_limits<float>::min())
    refuse(fmt::format("floor: {} is too small for a float", front_end.floor));
  if (front_end.top_db > 0 && front_end.log != LogScale::db)
    refuse(fmt::format("top_db: {} needs log = \"db\"", front_end.top_db));
  return front_end;
}

std::size_t window_size(const FrontEnd& front_end) {
  return samples_in(front_end.window_ms, front_end.sample_rate);
}

std::size_t hop_size(const FrontEnd& front_end) {
  return samples_in(front_end.hop_ms, front_end.sample_rate);
}

double hop_seconds(const FrontEnd& front_end) {
  return static_cast<double>(hop_size(front_end)) / front_end.sample_rate;
}

std::size_t transform_size(const FrontEnd& front_end) {
  return front_end.fft_size > 0 ? static_cast<std::size_t>(front_end.fft_size)
                                : std::bit_ceil(window_size(front_end));
}

double upper_edge(const FrontEnd& front_end) {
  return front_end.high_hz > 0 ? front_end.high_hz
                               : 0.5 * front_end.sample_rate + front_end.high_hz;
}

std::string whole_clip_reason(const FrontEnd& front_end) {
  if (front_end.top_db > 0) return "top_db is relative to the clip's highest value";
  if (front_end.vad != Vad::none) return "vad compares frames with the clip's mean energy";
  if (front_end.norm == Norm::none || front_end.norm == Norm::sliding) return "";
  return "norm subtracts a mean over the whole clip; norm = \"sliding\" does not";
}

}  // namespace twinear
