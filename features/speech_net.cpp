// SPDX-License-Identifier: Apache-2.0
#include "features/speech_net.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/lanes.h"

namespace twinear {
namespace {

// Chosen on the dev splits that recipes/speech-finder judges with.
constexpr std::size_t context = 5;    // frames on either side whose evidence is averaged
constexpr float most = 6.0F;          // more evidence counts as this much
constexpr float likely = -0.5F;       // a stretch of frames with more mean evidence is speech,
constexpr float sure = 1.5F;          // if some of its frames have more than this:
constexpr std::size_t min_sure = 10;  // at least so many

constexpr float depth = 12.0F;  // nats below the level of the clip: 52 dB
constexpr float range = 8.0F;   // nats that become 1

/// Computes the frames from 0 to `frames`, rounded up to whole blocks, of every output.
TWINEAR_SIMD void convolve(const SpeechLayer& layer, const float* weights, float floor,
                           const float* input, std::size_t stride, std::size_t frames,
                           float* output) {
  constexpr std::size_t block = FramePlane::block;
  const std::size_t each = layer.inputs * layer.taps, before = layer.taps / 2 * layer.dilation;
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const float bias = weights[layer.outputs * each + o];
    for (std::size_t t = 0; t < frames; t += block) {
      float sums[block];
      for (float& sum : sums) sum = bias;
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        for (std::size_t k = 0; k < layer.taps; ++k) {
          const float weight = weights[o * each + i * layer.taps + k];
          const float* at = input + i * stride + t + k * layer.dilation - before;
#pragma omp simd
          for (std::size_t j = 0; j < block; ++j) sums[j] += weight * at[j];
        }
      }
      for (std::size_t j = 0; j < block; ++j)
        output[o * stride + t + j] = sums[j] > floor ? sums[j] : floor;
    }
  }
}

/// The mean evidence of the frames around each frame.
std::vector<float> smoothed(const std::vector<float>& evidence) {
  std::vector<float> means(evidence.size());
  for (std::size_t t = 0; t < evidence.size(); ++t) {
    const std::size_t first = t - std::min(t, context);
    const std::size_t last = std::min(evidence.size(), t + context + 1);
    for (std::size_t i = first; i < last; ++i) means[t] += std::clamp(evidence[i], -most, most);
    means[t] /= static_cast<float>(last - first);
  }
  return means;
}

}  // namespace

FrontEnd speech_front_end() { return {.mel_bins = static_cast<int>(speech_layers[0].inputs)}; }

FramePlane speech_input(const Matrix& log_mel) {
  // The level is the logarithm of the mean energy, on which pauses have little influence.
  double energy = 0;
  float highest = -1e30F;
  for (const float value : log_mel.values()) highest = std::max(highest, value);
  for (const float value : log_mel.values()) energy += std::exp(value - highest);
  const auto values = static_cast<double>(std::max<std::size_t>(1, log_mel.values().size()));
  const float zero = highest + static_cast<float>(std::log(energy / values)) - depth;
  FramePlane plane(log_mel.cols(), log_mel.rows());
  for (std::size_t t = 0; t < log_mel.rows(); ++t) {
    const auto frame = log_mel.row(t);
    for (std::size_t b = 0; b < frame.size(); ++b)
      plane.row(b)[t] = std::max(0.0F, frame[b] - zero) / range;
  }
  return plane;
}

FramePlane convolved(const SpeechLayer& layer, const float* weights, const FramePlane& input,
                     bool rectified) {
  FramePlane output(layer.outputs, input.frames());
  convolve(layer, weights, rectified ? 0.0F : std::numeric_limits<float>::lowest(), input.row(0),
           input.stride(), input.frames(), output.row(0));
  const std::size_t rest = output.stride() - FramePlane::margin - output.frames();
  for (std::size_t o = 0; o < layer.outputs; ++o)
    std::fill_n(output.row(o) + output.frames(), rest, 0.0F);
  return output;
}

std::vector<float> speech_evidence(const Matrix& log_mel, const float* weights) {
  FramePlane plane = speech_input(log_mel);
  for (std::size_t i = 0; i < speech_layers.size(); ++i) {
    plane = convolved(speech_layers[i], weights, plane, i + 1 < speech_layers.size());
    weights += speech_layers[i].weights();
  }
  return {plane.row(0), plane.row(0) + plane.frames()};
}

std::vector<bool> frames_of_speech(const std::vector<float>& evidence) {
  const auto means = smoothed(evidence);
  std::vector<bool> voiced(means.size());
  for (std::size_t begin = 0, end = 0; begin < means.size(); begin = end + 1) {
    std::size_t certain = 0;
    for (end = begin; end < means.size() && means[end] > likely; ++end)
      certain += means[end] > sure;
    if (certain < min_sure) continue;
    for (std::size_t t = begin; t < end; ++t) voiced[t] = true;
  }
  return voiced;
}

}  // namespace twinear
