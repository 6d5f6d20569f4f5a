// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <cmath>

#include "base/lanes.h"
#include "base/random.h"

namespace twinear::speech_finder {
namespace {

TWINEAR_SIMD float dot(const float* a, const float* b, std::size_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Adds the gradient of a layer's weights, given its input and the gradient of its output.
void add_weight_gradient(const SpeechLayer& layer, const FramePlane& input, const FramePlane& slope,
                         float* gradient) {
  const std::size_t frames = input.frames();
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const float* dy = slope.row(o);
    for (std::size_t i = 0; i < layer.inputs; ++i)
      for (std::size_t k = 0; k < layer.taps; ++k)
        *gradient++ +=
            dot(dy, input.row(i) + k * layer.dilation - layer.taps / 2 * layer.dilation, frames);
  }
  const std::vector<float> ones(frames, 1.0F);
  for (std::size_t o = 0; o < layer.outputs; ++o)
    *gradient++ += dot(slope.row(o), ones.data(), frames);
}

/// The gradient of a layer's input: a convolution with the weights in reverse.
FramePlane input_gradient(const SpeechLayer& layer, const float* weights, const FramePlane& slope) {
  const SpeechLayer back{layer.outputs, layer.inputs, layer.taps, layer.dilation};
  std::vector<float> reversed(back.weights());
  for (std::size_t o = 0; o < layer.outputs; ++o)
    for (std::size_t i = 0; i < layer.inputs; ++i)
      for (std::size_t k = 0; k < layer.taps; ++k)
        reversed[(i * layer.outputs + o) * layer.taps + layer.taps - 1 - k] =
            weights[(o * layer.inputs + i) * layer.taps + k];
  return convolved(back, reversed.data(), slope, false);
}

}  // namespace

std::vector<float> first_weights(std::uint64_t seed) {
  std::vector<float> weights;
  Random random(seed, Purpose::weight);
  for (const SpeechLayer& layer : speech_layers) {
    const double deviation = std::sqrt(2.0 / static_cast<double>(layer.inputs * layer.taps));
    for (std::size_t i = layer.outputs; i < layer.weights(); ++i)
      weights.push_back(static_cast<float>(deviation * random.normal()));
    weights.insert(weights.end(), layer.outputs, 0.0F);
  }
  return weights;
}

double add_gradient(const Scene& scene, const std::vector<float>& weights,
                    std::vector<float>& gradient) {
  static const LogMel log_mel(speech_front_end());
  std::vector<FramePlane> planes{speech_input(log_mel(scene.samples))};
  std::vector<std::size_t> offsets{0};
  for (std::size_t l = 0; l < speech_layers.size(); ++l) {
    planes.push_back(convolved(speech_layers[l], weights.data() + offsets[l], planes[l],
                               l + 1 < speech_layers.size()));
    offsets.push_back(offsets[l] + speech_layers[l].weights());
  }
  FramePlane slope(1, scene.truth.size());
  double loss = 0, sure = 0;
  for (const Truth truth : scene.truth) sure += truth != Truth::unsure;
  for (std::size_t t = 0; t < scene.truth.size(); ++t) {
    if (scene.truth[t] == Truth::unsure) continue;
    const double evidence = planes.back().row(0)[t], target = scene.truth[t] == Truth::speech;
    const double odds = 1.0 / (1.0 + std::exp(-evidence));
    loss -= std::log(std::max(1e-12, target > 0 ? odds : 1.0 - odds)) / sure;
    slope.row(0)[t] = static_cast<float>((odds - target) / sure);
  }
  for (std::size_t l = speech_layers.size(); l-- > 0;) {
    add_weight_gradient(speech_layers[l], planes[l], slope, gradient.data() + offsets[l]);
    if (l == 0) break;
    slope = input_gradient(speech_layers[l], weights.data() + offsets[l], slope);
    for (std::size_t i = 0; i < planes[l].rows(); ++i)
      for (std::size_t t = 0; t < slope.frames(); ++t)
        if (planes[l].row(i)[t] <= 0) slope.row(i)[t] = 0;
  }
  return loss;
}

void Adam::step(std::vector<float>& weights, const std::vector<float>& gradient, double rate) {
  ++steps_;
  const double scale =
      rate * std::sqrt(1.0 - std::pow(0.999, steps_)) / (1.0 - std::pow(0.9, steps_));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    mean_[i] = 0.9F * mean_[i] + 0.1F * gradient[i];
    square_[i] = 0.999F * square_[i] + 0.001F * gradient[i] * gradient[i];
    weights[i] -= static_cast<float>(scale * mean_[i] / (std::sqrt(square_[i]) + 1e-8));
  }
}

}  // namespace twinear::speech_finder
