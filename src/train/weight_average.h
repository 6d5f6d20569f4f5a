// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nn/network.h"
#include "twinear/matrix.h"

namespace twinear {

/// A running mean of all that a network's layers hold: weights, and batch norm's running
/// statistics, which belong to them.
class WeightAverage {
 public:
  /// Begins with the weights as they are. The network must outlive it.
  WeightAverage(nn::Network& network, double decay);

  /// Takes the weights after a step in, counted from 0: mean = d mean + (1 - d) weight with
  /// d = min(decay, (1 + step) / (10 + step)), so that the first weights are soon forgotten.
  void add(std::uint64_t step);

  /// Exchanges the network's weights with their mean; a second time takes it back.
  void swap();

  /// For a checkpoint; restore() throws Error (format) for another network's.
  void save(std::map<std::string, Matrix>& state) const;
  void restore(const std::map<std::string, Matrix>& state);

 private:
  nn::Network& network_;
  double decay_;
  std::vector<nn::NamedParameter> parameters_;
  std::vector<nn::Buffer> means_;
};

}  // namespace twinear
