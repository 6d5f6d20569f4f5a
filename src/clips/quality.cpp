// SPDX-License-Identifier: Apache-2.0
#include "twinear/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/lanes.h"
#include "features/lane_fft.h"

namespace twinear {
namespace {

constexpr float silent_peak = 1e-4F;   // -80 dB
constexpr float full_scale = 0.9999F;  // the three highest values of 16 bits
constexpr std::size_t flat_top =
    3;  // samples in a row; a tone that just reaches full scale has fewer
constexpr double clipped_part = 0.0005;  // the share of clipped samples that is an issue
constexpr double min_offset = 0.01, offset_to_level = 0.1;

// Telephones end at 3.4 kHz. What lies above 4.3 kHz is compared, per bin, with speech's main band.
constexpr std::size_t spectrum_size = 512, max_spectra = 400;  // 20 s
constexpr double spectra_per_second = 20.0;
constexpr double upper_hz = 4300.0, lower_hz = 300.0, telephone_hz = 3400.0;
constexpr double empty_ratio = 3e-6;  // of energy, -55 dB; speech without fricatives has -50 dB

struct Levels {
  float peak = 0;
  double sum = 0, squares = 0;
};

/// Sums floats over blocks of 1024 samples and doubles over the blocks, which is twice as fast as
/// doubles alone.
TWINEAR_SIMD Levels levels_of(const float* samples, std::size_t count) {
  Levels levels;
  for (const float* const end = samples + count; samples != end;) {
    const auto some = std::min<std::ptrdiff_t>(1024, end - samples);
    float peak = levels.peak, sum = 0, squares = 0;
#pragma omp simd reduction(max : peak) reduction(+ : sum, squares)
    for (std::ptrdiff_t i = 0; i < some; ++i) {
      const float x = samples[i], size = x < 0 ? -x : x;
      peak = size > peak ? size : peak;
      sum += x;
      squares += x * x;
    }
    levels = {peak, levels.sum + sum, levels.squares + squares};
    samples += some;
  }
  return levels;
}

/// Multiplies frames, which lie one after another, by the window; each goes to a lane of the block.
/// `size` is a multiple of lane_count.
TWINEAR_SIMD void windowed_lanes(const float* frames, const float* window, std::size_t size,
                                 Lanes* block) {
  for (std::size_t i = 0; i < size; i += lane_count)
    transpose(frames + i, size, block[i].values, lane_count);
  for (std::size_t i = 0; i < size; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) block[i][lane] *= window[i];
  }
}

TWINEAR_SIMD void add_rows(const Lanes* rows, std::size_t count, Lanes& sums) {
  for (std::size_t i = 0; i < count; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) sums[lane] += rows[i][lane];
  }
}

/// Mean energies, per bin, of speech's main band and of what lies above a telephone's.
struct Bands {
  double lower = 0, upper = 0;
};

/// Measures the energies of a clip's two bands by spectra at intervals, up to max_spectra.
class BandMeter {
 public:
  explicit BandMeter(int rate)
      : rate_(rate),
        fft_(spectrum_size),
        window_(spectrum_size),
        frames_(lane_count * spectrum_size) {
    for (std::size_t i = 0; i < spectrum_size; ++i)
      window_[i] = static_cast<float>(
          0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / spectrum_size));
  }

  /// Whether the sample rate allows for sound above a telephone's band.
  bool has_upper_band() const { return highest_hz() > upper_hz; }

  void push(std::span<const float> samples) {
    if (!has_upper_band()) return;
    while (!samples.empty() && spectra_ < max_spectra) {
      const std::size_t skipped = std::min(skip_, samples.size());
      skip_ -= skipped;
      samples = samples.subspan(skipped);
      const std::size_t taken = std::min(spectrum_size - filled_, samples.size());
      std::ranges::copy(
          samples.first(taken),
          frames_.begin() + static_cast<std::ptrdiff_t>(lanes_ * spectrum_size + filled_));
      filled_ += taken;
      samples = samples.subspan(taken);
      if (filled_ == spectrum_size) next_lane();
    }
  }

  Bands bands() const {
    const Bands last = of_block();
    return {bands_.lower + last.lower, bands_.upper + last.upper};
  }

 private:
  double highest_hz() const { return std::min(8000.0, 0.45 * rate_); }

  void next_lane() {
    filled_ = 0;
    const auto step = static_cast<std::size_t>(rate_ / spectra_per_second);
    skip_ = step - std::min(step, spectrum_size);
    ++spectra_;
    if (++lanes_ < lane_count) return;
    bands_ = bands();
    lanes_ = 0;
  }

  Bands of_block() const {
    if (lanes_ == 0) return {};
    std::vector<Lanes> block(spectrum_size), power(spectrum_size / 2 + 1);
    windowed_lanes(frames_.data(), window_.data(), spectrum_size, block.data());
    fft_.power(block.data(), power.data());
    return {mean(power, lower_hz, telephone_hz), mean(power, upper_hz, highest_hz())};
  }

  /// The mean over FFT bins, summed over the spectra of the block.
  double mean(const std::vector<Lanes>& power, double low, double high) const {
    const double bin_hz = static_cast<double>(rate_) / spectrum_size;
    const auto first = static_cast<std::size_t>(low / bin_hz);
    const auto last = std::max(first + 1, static_cast<std::size_t>(high / bin_hz));
    Lanes sums{};
    add_rows(power.data() + first, last - first, sums);
    return std::accumulate(sums.values, sums.values + lanes_, 0.0) /
           static_cast<double>(last - first);
  }

  int rate_;
  LaneFft fft_;
  std::vector<float> window_;
  std::vector<float> frames_;  // a spectrum's samples for each of the first `lanes_` lanes
  std::size_t lanes_ = 0, filled_ = 0, skip_ = 0, spectra_ = 0;
  Bands bands_;
};

}  // namespace

struct QualityCheck::State {
  State(int sample_rate, double highest_heard)
      : rate(sample_rate), heard_hz(highest_heard), meter(sample_rate) {}

  void count_clipped(std::span<const float> samples) {
    std::size_t run = 0;
    for (const float x : samples) {
      run = std::abs(x) >= full_scale ? run + 1 : 0;
      if (run >= flat_top) clipped += run == flat_top ? flat_top : 1;
    }
  }

  std::optional<std::string> telephone_band() const {
    if (heard_hz <= upper_hz) return std::nullopt;
    if (!meter.has_upper_band()) {
      if (!std::isfinite(heard_hz)) return std::nullopt;
      return fmt::format(
          "nothing above {:g} kHz at its rate of {} Hz, though the model hears up to {:g} kHz: "
          "telephone audio?",
          rate / 2000.0, rate, heard_hz / 1000);
    }
    const auto [lower, upper] = meter.bands();
    if (upper >= empty_ratio * lower) return std::nullopt;
    return fmt::format("nothing above 4 kHz although its rate is {} Hz: upsampled telephone audio?",
                       rate);
  }

  int rate;
  double heard_hz;
  std::size_t count = 0, clipped = 0;
  Levels levels;
  BandMeter meter;
};

QualityCheck::QualityCheck(int sample_rate, double heard_hz)
    : state_(std::make_unique<State>(sample_rate, heard_hz)) {}
QualityCheck::QualityCheck(QualityCheck&&) noexcept = default;
QualityCheck& QualityCheck::operator=(QualityCheck&&) noexcept = default;
QualityCheck::~QualityCheck() = default;

void QualityCheck::push(std::span<const float> samples) {
  State& s = *state_;
  const Levels levels = levels_of(samples.data(), samples.size());
  s.count += samples.size();
  s.levels.peak = std::max(s.levels.peak, levels.peak);
  s.levels.sum += levels.sum;
  s.levels.squares += levels.squares;
  if (levels.peak >= full_scale) s.count_clipped(samples);
  s.meter.push(samples);
}

std::optional<QualityIssue> QualityCheck::issue(const ChannelReport& channels) const {
  using Kind = QualityIssue::Kind;
  const State& s = *state_;
  if (s.count == 0) return std::nullopt;
  const double samples = static_cast<double>(s.count), mean = s.levels.sum / samples;
  if (s.levels.peak == 0) return QualityIssue{Kind::silence, "digital silence: every sample is 0"};
  if (s.levels.peak < silent_peak)
    return QualityIssue{Kind::silence,
                        fmt::format("silence: its highest sample is at {:.0f} dB of full scale",
                                    20.0 * std::log10(s.levels.peak))};
  if (static_cast<double>(s.clipped) > clipped_part * samples)
    return QualityIssue{Kind::clipping,
                        fmt::format("clipped: {:.2g} % of its samples are cut off at full scale",
                                    100.0 * static_cast<double>(s.clipped) / samples)};
  if (auto text = s.telephone_band()) return QualityIssue{Kind::telephone_band, std::move(*text)};
  if (channels.cancel)
    return QualityIssue{Kind::cancellation,
                        "its channels cancel one another, so only the first is used; --channel "
                        "takes another"};
  if (channels.silent > 0)
    return QualityIssue{Kind::silent_channel,
                        fmt::format("{} of its channels hold{} only silence", channels.silent,
                                    channels.silent == 1 ? "s" : "")};
  const double level = std::sqrt(s.levels.squares / samples);
  if (std::abs(mean) >= std::max(min_offset, offset_to_level * level))
    return QualityIssue{
        Kind::offset,
        fmt::format("its mean is {:.3f} of full scale (DC offset); expected 0", mean)};
  return std::nullopt;
}

}  // namespace twinear
