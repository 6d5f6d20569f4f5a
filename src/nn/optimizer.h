// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/network.h"

namespace twinear::nn {

struct AdamOptions {
  double weight_decay = 0.0;
  bool decoupled = true;  ///< AdamW; else the decay is added to the gradient
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// Values that are learned outside of a network, such as a loss's.
struct Learned {
  std::string key;  ///< in a checkpoint
  std::span<float> value, gradient;
  const Parameter* parameter = nullptr;  ///< of a network: it may be frozen
};

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as PyTorch computes them.
class Adam {
 public:
  /// `others` are moved like the weights of the network. What both look at must outlive this.
  Adam(Network& network, const AdamOptions& options, const std::vector<Learned>& others = {});

  /// Makes the gradient, a sum over `batches`, their mean, and gives its Euclidean norm; where that
  /// exceeds `most` > 0 the gradient is scaled to it. What is frozen has no part in it. Equal at
  /// any number of threads.
  double clip(double most, int batches = 1);
  /// Moves the weights that are not frozen against the gradient and sets the gradient to zero.
  void step(double learning_rate);

  /// What a checkpoint has to hold beside the weights.
  struct Moments {
    std::string key;  ///< the parameter's
    Buffer first, second;
    float steps = 0;  ///< it was moved; a float counts to 2^24, where its like has long been 1
  };
  std::vector<Moments> moments;

 private:
  Network& network_;
  AdamOptions options_;
  std::vector<Learned> learned_;
};

}  // namespace twinear::nn
