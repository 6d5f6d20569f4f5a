// SPDX-License-Identifier: Apache-2.0
#include "ear.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/threads.h"
#include "twinear/clip_features.h"

namespace twinear::claims {
namespace {

nn::Shape shape(std::size_t clips, std::size_t frames, int bins) {
  return {clips, frames, static_cast<std::size_t>(bins)};
}

}  // namespace

std::vector<Matrix> features_of(std::span<const Clip> clips, const LogMel& log_mel) {
  std::vector<Matrix> features(clips.size());
  parallel_for(clips.size(),
               [&](std::size_t i) { features[i] = clip_features(clips[i], log_mel).frames; });
  return features;
}

Ear::Ear(Encoder& encoder, std::size_t clips, std::size_t frames)
    : pass_(nn::network_of(encoder), shape(clips, frames, encoder.spec().bins),
            nn::Mode::training) {}

std::span<const float> Ear::hear(std::span<const Matrix* const> clips, Random random) {
  nn::Activation& input = pass_.input();
  const std::size_t frames = input.shape.frames;
  std::ranges::fill(input.value, 0.0F);
  input.lengths.resize(clips.size());
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const Matrix& clip = *clips[i];
    const std::size_t length = std::min(clip.rows(), frames);
    const std::size_t start = random.below(clip.rows() - length + 1);
    std::ranges::copy(clip.values().subspan(start * clip.cols(), length * clip.cols()),
                      input.clip(i));
    input.lengths[i] = length;
  }
  pass_.forward();
  return pass_.output().value;
}

void Ear::learn(std::span<const float> gradient) {
  std::ranges::copy(gradient, pass_.output().gradient.begin());
  pass_.backward();
}

double warm_cosine(const OptimizerOptions& options, std::uint64_t step, std::uint64_t steps) {
  const auto k = static_cast<double>(step), warm = static_cast<double>(options.warmup_steps);
  if (k < warm) return options.learning_rate * (k + 1) / warm;
  const double left = std::max(1.0, static_cast<double>(steps) - warm);
  return options.learning_rate * (1 + std::cos(std::numbers::pi * (k - warm) / left)) / 2;
}

}  // namespace twinear::claims
