// SPDX-License-Identifier: Apache-2.0
#include "nn/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
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

bool frozen(const Learned& l) { return l.parameter != nullptr && l.parameter->frozen; }

/// The rates of step t, counted from 1.
Rates rates_of(const AdamOptions& o, double learning_rate, double t) {
  const auto narrow = [](double x) { return static_cast<float>(x); };
  const double decay = learning_rate * o.weight_decay;
  return {.decay = narrow(o.decoupled ? 1.0 - decay : 1.0),
          .l2 = narrow(o.decoupled ? 0.0 : o.weight_decay),
          .beta1 = narrow(o.beta1),
          .beta2 = narrow(o.beta2),
          .step = narrow(learning_rate / (1.0 - std::pow(o.beta1, t))),
          .bias = narrow(1.0 / std::sqrt(1.0 - std::pow(o.beta2, t))),
          .epsilon = narrow(o.epsilon)};
}

}  // namespace

Adam::Adam(Network& network, const AdamOptions& options, const std::vector<Learned>& others)
    : network_(network), options_(options) {
  network.want_gradients();
  for (const auto& [key, parameter] : network.parameters())
    if (parameter->learned())
      learned_.push_back({key, parameter->value, parameter->gradient, parameter});
  learned_.insert(learned_.end(), others.begin(), others.end());
  for (const Learned& l : learned_)
    moments.push_back({l.key, Buffer(l.value.size()), Buffer(l.value.size())});
}

double Adam::clip(double max_norm, int batches) {
  double sum = 0;
  for (const Learned& l : learned_) {
    if (frozen(l)) continue;
    std::vector<double> sums((l.gradient.size() + block - 1) / block);
    parallel_for(sums.size(), [&](std::size_t b) {
      const std::size_t end = std::min((b + 1) * block, l.gradient.size());
      for (std::size_t i = b * block; i < end; ++i)
        sums[b] += static_cast<double>(l.gradient[i]) * l.gradient[i];
    });
    for (const double s : sums) sum += s;
  }
  const double norm = std::sqrt(sum) / batches;
  const bool over = max_norm > 0 && norm > max_norm && std::isfinite(norm);
  if (batches == 1 && !over) return norm;
  const auto scale = static_cast<float>((over ? max_norm / norm : 1.0) / batches);
  for (const Learned& l : learned_)
    for (float& g : l.gradient) g *= scale;
  return norm;
}

void Adam::drop_gradient() {
  for (const Learned& l : learned_) std::ranges::fill(l.gradient, 0.0F);
}

void Adam::step(double learning_rate) {
  for (std::size_t k = 0; k < learned_.size(); ++k) {
    const Learned& l = learned_[k];
    if (frozen(l)) {
      std::ranges::fill(l.gradient, 0.0F);
      continue;
    }
    ++moments[k].steps;
    const Rates rates = rates_of(options_, learning_rate, static_cast<double>(moments[k].steps));
    parallel_for((l.value.size() + block - 1) / block, [&](std::size_t b) {
      const std::size_t at = b * block;
      move(&l.value[at], &l.gradient[at], &moments[k].first[at], &moments[k].second[at],
           std::min(block, l.value.size() - at), rates);
    });
  }
  network_.weights_changed();
}

}  // namespace twinear::nn
