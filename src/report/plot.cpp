// SPDX-License-Identifier: Apache-2.0
#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "features/front_end.h"
#include "features/mel_filter_bank.h"

namespace twinear {
namespace {

using Align = Picture::Text::Align;

// The edges of the spectrogram and of the bar beside it, in pixels.
constexpr int left = 70, top = 36, width = 800, height = 320, bottom = top + height;
constexpr int right = left + width, bar = right + 16, bar_width = 14, tick = 4;
constexpr int total_width = bar + bar_width + 62, total_height = bottom + 50;

/// The frames turned so that time runs to the right and frequency upwards. The result has at most
/// as many rows and columns as the plot has pixels; each value is a mean over what falls into it.
Matrix turned(const Matrix& frames) {
  const std::size_t rows = std::min<std::size_t>(frames.cols(), height);
  const std::size_t cols = std::min<std::size_t>(frames.rows(), width);
  Matrix image(rows, cols), counts(rows, cols);
  for (std::size_t t = 0; t < frames.rows(); ++t)
    for (std::size_t b = 0; b < frames.cols(); ++b) {
      const std::size_t row = rows - 1 - b * rows / frames.cols(), col = t * cols / frames.rows();
      image.row(row)[col] += frames.row(t)[b];
      ++counts.row(row)[col];
    }
  for (std::size_t i = 0; i < image.values().size(); ++i) image.values()[i] /= counts.values()[i];
  return image;
}

/// The values of the darkest and of the brightest color.
struct Scale {
  double low, high;

  std::uint8_t level(double value) const {
    return static_cast<std::uint8_t>(
        std::lround(255.0 * std::clamp((value - low) / (high - low), 0.0, 1.0)));
  }
};

Scale scale_of(const Matrix& image) {
  std::vector<float> values(image.values().begin(), image.values().end());
  const auto at = [&](double share) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(
                                            share * static_cast<double>(values.size() - 1) + 0.5);
    std::ranges::nth_element(values, place);
    return static_cast<double>(*place);
  };
  const double low = at(0.01), high = at(0.999);
  return {low, high > low ? high : low + 1.0};
}

/// The multiples of `step` from `low` to `high`.
std::vector<double> multiples(double step, double low, double high) {
  std::vector<double> result;
  for (auto i = static_cast<std::int64_t>(std::ceil(low / step));
       static_cast<double>(i) * step <= high; ++i)
    result.push_back(static_cast<double>(i) * step);
  return result;
}

/// The smallest of 1, 2 or 5 times a power of ten that divides a range into at most `max_steps`.
double step_of(double range, int max_steps) {
  const double min_step = range / max_steps,
               power = std::pow(10.0, std::floor(std::log10(min_step)));
  for (const double step : {power, 2 * power, 5 * power})
    if (step >= min_step) return step;
  return 10 * power;
}

/// A heat map as high as the spectrogram.
Picture::HeatMap heat_map(int x, int wide, std::size_t rows, std::size_t cols) {
  return {
      .x = x, .y = top, .width = wide, .height = height, .rows = rows, .cols = cols, .levels = {}};
}

/// The border of the spectrogram, or of the bar.
void add_border(Picture& picture, int x, int wide) {
  picture.lines.push_back({x - 1, top - 1, x + wide, top - 1});
  picture.lines.push_back({x - 1, bottom, x + wide, bottom});
  picture.lines.push_back({x - 1, top - 1, x - 1, bottom});
  picture.lines.push_back({x + wide, top - 1, x + wide, bottom});
}

void add_time_axis(Picture& picture, std::size_t frames, const FrontEnd& front_end) {
  // The column of a frame is one hop wide and has its middle where the frame has its middle.
  const double hop = 0.001 * front_end.hop_ms, window = 0.001 * front_end.window_ms;
  const double first_middle = front_end.snip_edges ? 0.5 * window
                              : front_end.frame_alignment == FrameAlignment::hop_middle ? 0.5 * hop
                                                                                        : 0.0;
  const double begin = first_middle - 0.5 * hop, seconds = static_cast<double>(frames) * hop;
  const bool in_minutes = seconds > 300.0;
  const double unit = in_minutes ? 60.0 : 1.0, step = unit * step_of(seconds / unit, 10);
  const double three_pixels = 3.0 * seconds / width;  // shows a tick that lies just outside, as 0
  for (const double at : multiples(step, begin - three_pixels, begin + seconds)) {
    const int x = left + static_cast<int>(std::lround(width * (at - begin) / seconds));
    picture.lines.push_back({x, bottom, x, bottom + tick});
    picture.texts.push_back({x, bottom + 14, fmt::format("{:.6g}", at / unit), Align::middle});
  }
  picture.texts.push_back(
      {left + width / 2, bottom + 34, in_minutes ? "time (min)" : "time (s)", Align::middle});
}

void add_frequency_axis(Picture& picture, const FrontEnd& front_end) {
  // Mel bin b peaks at point b + 1 of mel_bins + 2 points; its row has that point in its middle.
  const double low = mel(front_end.mel_scale, front_end.low_hz);
  const double bands = front_end.mel_bins;
  const double step = (mel(front_end.mel_scale, upper_edge(front_end)) - low) / (bands + 1);
  constexpr std::array hertz{100,  250,  500,  1000,  1500,  2000,  3000,  4000, 5000,
                             6000, 7000, 8000, 10000, 12000, 16000, 20000, 24000};
  int last = bottom + height;
  for (const int hz : hertz) {
    const double band = (mel(front_end.mel_scale, hz) - low) / step - 1.0;
    if (band < -0.5 || band > bands - 0.5) continue;
    const int y = bottom - static_cast<int>(std::lround(height * (band + 0.5) / bands));
    if (last - y < 16) continue;  // the labels would touch
    last = y;
    picture.lines.push_back({left - 1 - tick, y, left - 1, y});
    picture.texts.push_back({left - 8, y, fmt::format("{}", hz), Align::end});
  }
  picture.texts.push_back({16, top + height / 2, "frequency (Hz)", Align::middle, true});
}

std::string unit_of(const FrontEnd& front_end) {
  const char* quantity = front_end.power == 2 ? "energy" : "magnitude";
  std::string unit = front_end.log == LogScale::natural ? fmt::format("ln {}", quantity)
                     : front_end.log == LogScale::db    ? "dB"
                                                        : quantity;
  return front_end.norm == Norm::none ? unit : unit + ", normalized";
}

void add_bar(Picture& picture, const Scale& scale, const FrontEnd& front_end) {
  Picture::HeatMap map = heat_map(bar, bar_width, 256, 1);
  for (std::size_t i = 0; i < map.rows; ++i)
    map.levels.push_back(static_cast<std::uint8_t>(map.rows - 1 - i));
  picture.maps.push_back(map);
  add_border(picture, bar, bar_width);
  const double range = scale.high - scale.low, step = step_of(range, 8);
  for (const double at : multiples(step, scale.low, scale.high)) {
    const int y =
        bottom - 1 - static_cast<int>(std::lround((height - 1) * (at - scale.low) / range));
    picture.lines.push_back({bar + bar_width, y, bar + bar_width + tick, y});
    picture.texts.push_back({bar + bar_width + 8, y, fmt::format("{:.6g}", at)});
  }
  picture.texts.push_back(
      {total_width - 12, top + height / 2, unit_of(front_end), Align::middle, true});
}

}  // namespace

Picture plot(const Matrix& frames, const FrontEnd& front_end, const std::string& title) {
  Picture picture;
  picture.width = total_width;
  picture.height = total_height;
  const Matrix image = turned(frames);
  const Scale scale = scale_of(image);
  Picture::HeatMap map = heat_map(left, width, image.rows(), image.cols());
  for (const float value : image.values()) map.levels.push_back(scale.level(value));
  picture.maps.push_back(std::move(map));
  add_border(picture, left, width);
  add_time_axis(picture, frames.rows(), front_end);
  add_frequency_axis(picture, front_end);
  add_bar(picture, scale, front_end);
  picture.texts.push_back({left, top / 2, title});
  return picture;
}

}  // namespace twinear
