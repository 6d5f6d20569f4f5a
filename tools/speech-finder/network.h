// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "features/speech_net.h"
#include "scenes.h"

namespace twinear::speech_finder {

/// The weights of the network that finds speech, and their gradients by back-propagation.
std::vector<float> first_weights(std::uint64_t seed);

/// Adds the gradient of a scene's mean cross-entropy over the frames that are sure to `gradient`
/// and returns that mean. Speech and its absence weigh the same as they are as frequent.
double add_gradient(const Scene& scene, const std::vector<float>& weights,
                    std::vector<float>& gradient);

/// Adam (Kingma and Ba 2015).
class Adam {
 public:
  explicit Adam(std::size_t weights) : mean_(weights), square_(weights) {}
  void step(std::vector<float>& weights, const std::vector<float>& gradient, double rate);

 private:
  std::vector<float> mean_, square_;
  double steps_ = 0;
};

}  // namespace twinear::speech_finder
