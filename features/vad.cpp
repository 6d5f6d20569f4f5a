// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "features/fbank_computer.h"
#include "features/front_end.h"

namespace twinear {
namespace {

SpeechAmount amount_of(const Speech& speech, const VadOptions& options) {
  if (speech.voiced.empty()) return SpeechAmount::no_frames;
  if (speech.seconds == 0) return SpeechAmount::none;
  return speech.seconds < options.min_seconds ? SpeechAmount::too_little : SpeechAmount::enough;
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

Speech find_speech(std::span<const float> samples, const FrontEnd& front_end) {
  return find_speech(samples, FbankComputer(front_end));
}

Speech find_speech(std::span<const float> samples, const FbankComputer& computer) {
  const FrontEnd& front_end = computer.front_end();
  FbankComputer::Workspace workspace(computer);
  std::vector<float> energies;
  computer.add_log_energies({samples, 0, samples.size()}, 0,
                            computer.framer().frames(samples.size()), workspace, energies);
  return find_speech(energies, hop_seconds(front_end), front_end.vad_options);
}

Matrix voiced_frames(const Matrix& frames, const Speech& speech) {
  if (frames.rows() != speech.voiced.size())
    throw std::invalid_argument("voiced_frames: expected one voiced value for each frame");
  Matrix kept(static_cast<std::size_t>(std::ranges::count(speech.voiced, true)), frames.cols());
  std::size_t at = 0;
  for (std::size_t t = 0; t < frames.rows(); ++t)
    if (speech.voiced[t]) std::ranges::copy(frames.row(t), kept.row(at++).begin());
  return kept;
}

}  // namespace twinear
