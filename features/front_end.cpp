// SPDX-License-Identifier: Apache-2.0
#include "features/front_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "twinear/error.h"
#include "twinear/registry.h"

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
  // the order of Kaldi's multiplications, which decides the rounding
  return static_cast<std::size_t>(sample_rate * 0.001 * milliseconds);
}

/// The values that torchaudio, librosa and SpeechBrain share.
FrontEnd short_time_spectrum(const char* name) {
  return {.preset = name,
          .window = Window::hann,
          .periodic_window = true,
          .preemphasis = 0.0,
          .remove_dc = false,
          .low_hz = 0.0,
          .filter_shape = FilterShape::hz,
          .snip_edges = false,
          .frame_alignment = FrameAlignment::hop_start,
          .padding = Padding::reflect,
          .scale = 1.0,
          .log = LogScale::db};
}

/// A preset sets the defaults of its library where they differ from Kaldi's. Sample rate, window,
/// hop and number of mel bins are the same in all: those of speech at 16 kHz.
std::vector<FrontEnd> presets() {
  const FrontEnd wespeaker{.preset = "wespeaker", .window = Window::hamming};
  const FrontEnd sherpa{.preset = "sherpa", .high_hz = -400.0, .snip_edges = false};

  FrontEnd torchaudio = short_time_spectrum("torchaudio");  // MelSpectrogram, AmplitudeToDB

  FrontEnd librosa = short_time_spectrum("librosa");  // melspectrogram, power_to_db
  librosa.mel_scale = MelScale::slaney;
  librosa.area_norm = true;
  librosa.top_db = 80.0;

  FrontEnd speechbrain = short_time_spectrum("speechbrain");  // Fbank, InputNormalization
  speechbrain.window = Window::hamming;
  speechbrain.fft_size = 400;
  speechbrain.filter_shape = FilterShape::hz_symmetric;
  speechbrain.padding = Padding::zero;
  speechbrain.top_db = 80.0;
  speechbrain.norm = Norm::per_bin;

  return {{}, wespeaker, sherpa, speechbrain, librosa, torchaudio};
}

}  // namespace

FrontEnd front_end_preset(const std::string& name) {
  const auto all = presets();
  const auto found = std::ranges::find(all, name, &FrontEnd::preset);
  if (found == all.end()) registry::refuse_unknown("preset", name, front_end_presets());
  return *found;
}

std::vector<std::string> front_end_presets() {
  std::vector<std::string> names;
  const auto all = presets();
  names.reserve(all.size());
  for (const FrontEnd& preset : all) names.push_back(preset.preset);
  return names;
}

void fields(Fields& f, FrontEnd& o) {
  static const std::string preset = fmt::format(
      "dialect whose values the other keys start from: {}", fmt::join(front_end_presets(), ", "));
  f.text({"preset", "", preset.c_str()}, o.preset);
  f.whole({"sample_rate", "Hz", "rate that clips are resampled to"}, o.sample_rate, 1000, 768000);
  f.number({"window_ms", "ms", "length of a frame"}, o.window_ms, 0.1, 1000.0);
  f.number({"hop_ms", "ms", "step from a frame to the next"}, o.hop_ms, 0.1, 1000.0);
  f.choice({"window", "", "shape of the window"}, o.window,
           {"povey", "hamming", "hann", "rectangular"});
  f.flag({"periodic_window", "",
          "the period of the window is N samples; otherwise N - 1, with equal ends"},
         o.periodic_window);
  f.number({"preemphasis", "", "coefficient of the pre-emphasis within each frame"}, o.preemphasis,
           0.0, 1.0);
  f.flag({"remove_dc", "", "subtracts the mean of each frame before all else"}, o.remove_dc);
  f.number({"dither", "scaled samples", "deviation of the noise that is added to each frame"},
           o.dither, 0.0, 1e4);
  f.whole({"fft_size", "samples", "length of the transform; 0: the next power of two"}, o.fft_size,
          0, 1 << 20);
  f.whole({"mel_bins", "", "mel bins, the columns of the features"}, o.mel_bins, 1, 4096);
  f.number({"low_hz", "Hz", "lower edge of the first mel bin"}, o.low_hz, 0.0, 384000.0);
  f.number({"high_hz", "Hz",
            "upper edge of the last mel bin; 0: half the sample rate; negative: so far below that"},
           o.high_hz, -384000.0, 384000.0);
  f.choice({"mel_scale", "", "scale on which the mel bins are equally spaced"}, o.mel_scale,
           {"htk", "slaney"});
  f.choice({"filter_shape", "", "axis on which the filter of a mel bin is a triangle"},
           o.filter_shape, {"mel", "hz", "hz-symmetric"});
  f.flag({"area_norm", "", "divides the weights of a mel bin by half its width in Hz"},
         o.area_norm);
  f.flag({"snip_edges", "", "keeps only frames that lie wholly in the clip"}, o.snip_edges);
  f.choice({"frame_alignment", "", "where frames lie without snip_edges"}, o.frame_alignment,
           {"hop-middle", "hop-start"});
  f.choice({"padding", "", "what lies beyond the clip without snip_edges"}, o.padding,
           {"symmetric", "reflect", "zero"});
  f.number({"scale", "", "factor of the samples, which are in [-1, 1]"}, o.scale, 1e-6, 1e9);
  f.whole({"power", "", "2: energies; 1: magnitudes"}, o.power, 1, 2);
  f.choice({"log", "", "logarithm that is taken of each mel bin"}, o.log,
           {"natural", "db", "none"});
  f.number({"floor", "",
            "smallest value that the logarithm is taken of; 0: 2^-23 (natural) or 1e-10 (db)"},
           o.floor, 0.0, 1e30);
  f.number({"top_db", "dB", "range under the highest value of the clip that is kept; 0: no limit"},
           o.top_db, 0.0, 1000.0);
  f.choice({"norm", "",
            "mean that is subtracted: of each mel bin (per-bin), of all of them (global), of each "
            "in a window (sliding); per-bin-variance also divides by the deviation"},
           o.norm, {"none", "per-bin", "global", "sliding", "per-bin-variance"});
  f.whole({"sliding_frames", "frames", "length of the window of norm = \"sliding\""},
          o.sliding.frames, 1, 1'000'000);
  f.flag({"sliding_centered", "",
          "the window lies around the frame; otherwise it ends with the frame"},
         o.sliding.centered);
  f.whole({"sliding_min", "frames", "minimum length of a window that is not centered"},
          o.sliding.min_frames, 1, 1'000'000);
  f.flag({"sliding_variance", "", "also divides by the deviation in the window"},
         o.sliding.variance);
  f.choice({"vad", "", "frames that are kept: all (none), or the voiced ones (energy)"}, o.vad,
           {"none", "energy"});
  VadOptions& vad = o.vad_options;
  f.number(
      {"vad_threshold", "", "threshold of the natural log energy of a frame, in 16-bit samples"},
      vad.threshold, -100.0, 100.0);
  f.number({"vad_mean_scale", "",
            "part of the mean log energy of the clip that is added to the threshold"},
           vad.mean_scale, 0.0, 10.0);
  f.whole({"vad_context", "frames", "frames on either side that decide with a frame"}, vad.context,
          0, 10'000);
  f.number({"vad_proportion", "", "share of these frames that must lie above the threshold"},
           vad.proportion, 0.0, 1.0);
  f.number({"vad_min_seconds", "s", "minimum of speech in a clip"}, vad.min_seconds, 0.0, 3600.0);
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
