// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// Values that are learned: a parameter of the network, or a loss's own.
struct Learned {
  std::string key;  ///< its name in a checkpoint
  std::span<float> value, gradient;
  const Parameter* parameter = nullptr;  ///< the network's parameter, which may be frozen
};

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as PyTorch computes them.
class Adam {
 public:
  /// Moves `others` like the weights of the network. The network and the memory of `others` must
  /// outlive the optimizer.
  Adam(Network& network, const AdamOptions& options, const std::vector<Learned>& others = {});

  /// Divides the gradient, a sum over `batches` batches, by their number and returns its Euclidean
  /// norm; where that exceeds max_norm > 0, the gradient is scaled to max_norm. Frozen parameters
  /// do not count. The result is the same at any number of threads.
  double clip(double max_norm, int batches = 1);
  /// Moves the weights that are not frozen against the gradient and sets the gradient to zero.
  void step(double learning_rate);
  /// Sets the gradient to zero, and moves nothing.
  void drop_gradient();

  /// The state of one parameter, which a checkpoint holds beside the weights.
  struct Moments {
    std::string key;  ///< the parameter's
    Buffer first, second;
    float steps = 0;  ///< moves so far; a float counts exactly to 2^24, far beyond any effect
  };
  std::vector<Moments> moments;

 private:
  Network& network_;
  AdamOptions options_;
  std::vector<Learned> learned_;
};

}  // namespace twinear::nn
