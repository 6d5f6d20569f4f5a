// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "features/framer.h"
#include "features/front_end.h"
#include "twinear/features.h"

namespace twinear {
namespace {

/// Kaldi's raw log energy of each frame: its mean is gone, no window and no pre-emphasis are yet.
std::vector<float> log_energies(std::span<const float> samples, FrontEnd front_end) {
  front_end.window = Window::rectangular;
  front_end.preemphasis = 0.0;
  front_end.remove_dc = true;
  front_end.dither = 0.0;
  front_end.scale = 32768.0;
  const Framer framer(checked(front_end));
  std::vector<float> scratch(framer.scratch_size());
  std::vector<Lanes> block(transform_size(front_end));
  std::vector<float> energies(framer.frames(samples.size()));
  for (std::size_t first = 0; first < energies.size(); first += lane_count) {
    const std::size_t count = std::min(lane_count, energies.size() - first);
    framer.cut({samples, 0, samples.size()}, first, count, 0, scratch, block.data());
    for (std::size_t lane = 0; lane < count; ++lane) {
      double sum = 0;
      for (const Lanes& row : block) sum += static_cast<double>(row[lane]) * row[lane];
      energies[first + lane] = static_cast<float>(
          std::log(std::max<double>(sum, std::numeric_limits<float>::epsilon())));
    }
  }
  return energies;
}

SpeechAmount amount_of(const Speech& speech, const VadOptions& options) {
  if (speech.voiced.empty()) return SpeechAmount::no_frames;
  if (speech.seconds == 0) return SpeechAmount::none;
  return speech.seconds < options.least_seconds ? SpeechAmount::too_little : SpeechAmount::enough;
}

}  // namespace

Speech find_speech(std::span<const float> energies, double hop_seconds, const VadOptions& options) {
  const std::size_t count = energies.size(), context = static_cast<std::size_t>(options.context);
  const double mean = std::accumulate(energies.begin(), energies.end(), 0.0) /
                      static_cast<double>(std::max<std::size_t>(1, count));
  const double threshold = options.threshold + options.mean_scale * mean;

  Speech speech;
  for (std::size_t t = 0; t < count; ++t) {
    const auto around = energies.subspan(t - std::min(t, context));
    const auto seen = around.first(std::min(around.size(), std::min(t, context) + 1 + context));
    const auto loud = std::ranges::count_if(seen, [&](float e) { return e > threshold; });
    speech.voiced.push_back(static_cast<double>(loud) >=
                            static_cast<double>(seen.size()) * options.proportion);
  }
  const auto voiced = std::ranges::count(speech.voiced, true);
  speech.seconds = static_cast<double>(voiced) * hop_seconds;
  speech.total_seconds = static_cast<double>(count) * hop_seconds;
  speech.amount = amount_of(speech, options);
  return speech;
}

Speech find_speech(std::span<const float> samples, const FrontEnd& front_end,
                   const VadOptions& options) {
  const double hop = static_cast<double>(hop_size(front_end)) / front_end.sample_rate;
  return find_speech(log_energies(samples, front_end), hop, options);
}

Matrix voiced_frames(const Matrix& frames, const Speech& speech) {
  if (frames.rows() != speech.voiced.size())
    throw std::invalid_argument("voiced_frames: not the speech of these frames");
  Matrix kept(static_cast<std::size_t>(std::ranges::count(speech.voiced, true)), frames.cols());
  std::size_t at = 0;
  for (std::size_t t = 0; t < frames.rows(); ++t)
    if (speech.voiced[t]) std::ranges::copy(frames.row(t), kept.row(at++).begin());
  return kept;
}

}  // namespace twinear
