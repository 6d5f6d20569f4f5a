// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "nn/network.h"

namespace twinear::nn {

/// A network made ready for one batch shape: input and output, the steps between, all memory.
/// Belongs to one thread, and is parallel inside; the network must outlive it.
///
/// The two ears of a comparison are rows of one batch, so their gradients meet in the same
/// parameters. Each backward pass adds to the parameters' gradients.
class Pass {
 public:
  /// The input has a gradient only where it is asked for.
  Pass(Network& network, Shape input, Mode mode, bool input_gradient = false);

  /// To be filled: values, and the valid frames of each clip (at least one), zeros behind them.
  Flow& input() noexcept { return flows_.front(); }
  /// Values after forward(); its gradient is to be filled before backward().
  Flow& output() noexcept { return flows_.back(); }

  void forward();
  void backward();

  std::size_t bytes() const noexcept;  ///< of all flows

 private:
  Network& network_;
  std::vector<Part> parts_;
  std::vector<Flow> flows_;  // flows_[0] is the input, flows_[i + 1] what node i gives
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<std::size_t> meetings_;  // steps before which all parts wait for each other
};

}  // namespace twinear::nn
