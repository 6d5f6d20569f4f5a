// SPDX-License-Identifier: Apache-2.0
#include "nn/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/simd.h"
#include "base/threads.h"

namespace twinear::nn {
namespace {

constexpr std::size_t block = 16384;  // weights that one task looks after

struct Rates {
  float decay, l2, beta1, beta2, step, bias, epsilon;
};

TWINEAR_SIMD void move(float* __restrict w, float* __restrict g, float* __restrict m,
                       float* __restrict v, std::size_t n, const Rates& r) {
  for (std::size_t i = 0; i < n; ++i) {
    const float slope = g[i] + r.l2 * w[i];
    m[i] = r.beta1 * m[i] + (1.0F - r.beta1) * slope;
    v[i] = r.beta2 * v[i] + (1.0F - r.beta2) * slope * slope;
    w[i] = r.decay * w[i] - r.step * m[i] / (std::sqrt(v[i]) * r.bias + r.epsilon);
    g[i] = 0.0F;
  }
}

}  // namespace

Adam::Adam(Network& network, const AdamOptions& options, const std::vector<Learned>& others)
    : network_(network), options_(options) {
  for (const auto& [key, parameter] : network.parameters())
    if (parameter->learned()) learned_.push_back({key, parameter->value, parameter->gradient});
  learned_.insert(learned_.end(), others.begin(), others.end());
  for (const Learned& l : learned_)
    moments.push_back({l.key, Buffer(l.value.size()), Buffer(l.value.size())});
}

double Adam::clip(double most) {
  double sum = 0;
  for (const Learned& l : learned_) {
    std::vector<double> sums((l.gradient.size() + block - 1) / block);
    parallel_for(sums.size(), [&](std::size_t b) {
      const std::size_t end = std::min((b + 1) * block, l.gradient.size());
      for (std::size_t i = b * block; i < end; ++i)
        sums[b] += static_cast<double>(l.gradient[i]) * l.gradient[i];
    });
    for (const double s : sums) sum += s;
  }
  const double norm = std::sqrt(sum);
  if (most <= 0 || norm <= most || !std::isfinite(norm)) return norm;
  const auto scale = static_cast<float>(most / norm);
  for (const Learned& l : learned_)
    for (float& g : l.gradient) g *= scale;
  return norm;
}

void Adam::step(double learning_rate) {
  ++steps;
  const auto t = static_cast<double>(steps);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  const double decay = learning_rate * options_.weight_decay;
  const Rates rates{.decay = narrow(options_.decoupled ? 1.0 - decay : 1.0),
                    .l2 = narrow(options_.decoupled ? 0.0 : options_.weight_decay),
                    .beta1 = narrow(options_.beta1),
                    .beta2 = narrow(options_.beta2),
                    .step = narrow(learning_rate / (1.0 - std::pow(options_.beta1, t))),
                    .bias = narrow(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t))),
                    .epsilon = narrow(options_.epsilon)};
  for (std::size_t k = 0; k < learned_.size(); ++k) {
    const Learned& l = learned_[k];
    parallel_for((l.value.size() + block - 1) / block, [&](std::size_t b) {
      const std::size_t at = b * block;
      move(&l.value[at], &l.gradient[at], &moments[k].first[at], &moments[k].second[at],
           std::min(block, l.value.size() - at), rates);
    });
  }
  network_.weights_changed();
}

}  // namespace twinear::nn
