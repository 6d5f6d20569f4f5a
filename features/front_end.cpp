// SPDX-License-Identifier: Apache-2.0
#include "features/front_end.h"

#include <fmt/format.h>

#include <bit>
#include <vector>

#include "twinear/error.h"

namespace twinear {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(Fault::config, "front end: " + reason);
}

/// Holds values made in code to the ranges that files are held to.
class RangeCheck final : public Fields {
 public:
  void number(const char* name, double& value, double low, double high) override {
    if (!(value >= low && value <= high))
      refuse(fmt::format("{}: expected a value from {} to {}, found {}", name, low, high, value));
  }
  void whole(const char* name, int& value, int low, int high) override {
    double wide = value;
    number(name, wide, low, high);
  }
  void choice(const char* name, int& index, std::span<const char* const> names) override {
    whole(name, index, 0, static_cast<int>(names.size()) - 1);
  }
  void flag(const char*, bool&) override {}
  void text(const char*, std::string&) override {}
  void numbers(const char*, std::vector<int>&, int, int) override {}
  void texts(const char*, std::vector<std::string>&) override {}
};

std::size_t samples_in(double milliseconds, int sample_rate) {
  return static_cast<std::size_t>(sample_rate * 0.001 * milliseconds);  // in Kaldi's order
}

}  // namespace

void fields(Fields& f, FrontEnd& front_end) {
  f.text("preset", front_end.preset);
  f.whole("sample_rate", front_end.sample_rate, 1000, 768000);
  f.number("window_ms", front_end.window_ms, 0.1, 1000.0);
  f.number("hop_ms", front_end.hop_ms, 0.1, 1000.0);
  f.choice("window", front_end.window, {"povey", "hamming", "hann", "rectangular"});
  f.number("preemphasis", front_end.preemphasis, 0.0, 1.0);
  f.flag("remove_dc", front_end.remove_dc);
  f.number("dither", front_end.dither, 0.0, 1e4);
  f.whole("fft_size", front_end.fft_size, 0, 1 << 20);
  f.whole("mel_bins", front_end.mel_bins, 1, 4096);
  f.number("low_hz", front_end.low_hz, 0.0, 384000.0);
  f.number("high_hz", front_end.high_hz, -384000.0, 384000.0);
  f.flag("snip_edges", front_end.snip_edges);
  f.number("scale", front_end.scale, 1e-6, 1e9);
  f.whole("power", front_end.power, 1, 2);
  f.choice("log", front_end.log, {"natural", "db", "none"});
  f.choice("norm", front_end.norm, {"none", "band", "level", "sliding", "band-variance"});
}

FrontEnd front_end_preset(const std::string& name) {
  const std::vector<std::string> known{"kaldi"};
  if (name == "kaldi") return {};
  const std::string meant = nearest(name, known);
  throw Error(Fault::config,
              fmt::format("front end: unknown preset \"{}\"{}", name,
                          meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
}

FrontEnd checked(FrontEnd front_end) {
  RangeCheck ranges;
  fields(ranges, front_end);

  const std::size_t window = window_size(front_end), size = transform_size(front_end);
  if (window < 2) refuse(fmt::format("window_ms: {} ms is under 2 samples", front_end.window_ms));
  if (hop_size(front_end) < 1)
    refuse(fmt::format("hop_ms: {} ms is under 1 sample", front_end.hop_ms));
  if (size < window || size % 2 != 0)
    refuse(fmt::format("fft_size: expected an even number of at least {} samples, found {}", window,
                       size));
  const double nyquist = 0.5 * front_end.sample_rate, high = upper_edge(front_end);
  if (!(front_end.low_hz < high && high <= nyquist))
    refuse(fmt::format("bands from {} to {} Hz: expected low < high <= {} Hz", front_end.low_hz,
                       high, nyquist));
  return front_end;
}

std::size_t window_size(const FrontEnd& front_end) {
  return samples_in(front_end.window_ms, front_end.sample_rate);
}

std::size_t hop_size(const FrontEnd& front_end) {
  return samples_in(front_end.hop_ms, front_end.sample_rate);
}

std::size_t transform_size(const FrontEnd& front_end) {
  return front_end.fft_size > 0 ? static_cast<std::size_t>(front_end.fft_size)
                                : std::bit_ceil(window_size(front_end));
}

double upper_edge(const FrontEnd& front_end) {
  return front_end.high_hz > 0 ? front_end.high_hz
                               : 0.5 * front_end.sample_rate + front_end.high_hz;
}

}  // namespace twinear
