// SPDX-License-Identifier: Apache-2.0
#include "train/weight_average.h"

#include <algorithm>

#include "base/state.h"
#include "base/threads.h"

namespace twinear {
namespace {

std::string key_of(const nn::NamedParameter& p) { return "average." + p.key; }

}  // namespace

WeightAverage::WeightAverage(nn::Network& network, double decay)
    : network_(network), decay_(decay), parameters_(network.parameters()) {
  for (const auto& [key, p] : parameters_) means_.push_back(p->value);
}

void WeightAverage::add(std::uint64_t step) {
  const auto n = static_cast<double>(step);
  const auto share = static_cast<float>(1 - std::min(decay_, (1 + n) / (10 + n)));
  parallel_for(means_.size(), [&](std::size_t i) {
    const nn::Buffer& value = parameters_[i].parameter->value;
    for (std::size_t j = 0; j < value.size(); ++j)
      means_[i][j] += share * (value[j] - means_[i][j]);
  });
}

void WeightAverage::swap() {
  // Values, not buffers: the optimizer and the layers' steps know where they lie.
  for (std::size_t i = 0; i < means_.size(); ++i)
    std::ranges::swap_ranges(means_[i], parameters_[i].parameter->value);
  network_.weights_changed();
}

void WeightAverage::save(std::map<std::string, Matrix>& state) const {
  for (std::size_t i = 0; i < means_.size(); ++i) {
    Matrix& values = state[key_of(parameters_[i])] = Matrix(1, means_[i].size());
    std::ranges::copy(means_[i], values.values().begin());
  }
}

void WeightAverage::restore(const std::map<std::string, Matrix>& state) {
  for (std::size_t i = 0; i < means_.size(); ++i)
    std::ranges::copy(state_of(state, key_of(parameters_[i]), 1, means_[i].size()).values(),
                      means_[i].begin());
}

}  // namespace twinear
