// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "nn/memory_plan.h"
#include "nn/network.h"

namespace twinear::nn {

struct PassOptions {
  bool input_gradient = false;   ///< else the input has none
  Number numbers = Number::f32;  ///< of what stands between the features and the pooling
  bool share_memory = true;      ///< between flows that are not needed at once
};

/// A network made ready for one batch shape: input and output, the steps between, all memory.
/// Belongs to one thread, and is parallel inside; the network must outlive it.
///
/// The two ears of a comparison are rows of one batch, so their gradients meet in the same
/// parameters. Each backward pass adds to the parameters' gradients.
class Pass {
 public:
  Pass(Network& network, Shape input, Mode mode, const PassOptions& options = {});

  /// To be filled: values, and the valid frames of each clip (at least one), zeros behind them.
  Flow& input() noexcept { return flows_.front(); }
  /// Values after forward(); its gradient is to be filled before backward().
  Flow& output() noexcept { return flows_.back(); }

  void forward();
  void backward();

  std::size_t bytes() const noexcept;  ///< of all flows
  std::size_t steps() const noexcept { return steps_.size(); }

 private:
  struct Reading {  // of a flow
    std::size_t last = 0, count = 0;
  };
  void lend_gradients(std::vector<Lifetime> needed, bool share);
  void lend(const std::vector<Lifetime>& needed, Aligned<std::byte>& memory, Loan Flow::*loan);
  void prepare_steps(Mode mode, std::span<const Reading> reading, std::vector<Lifetime>& needed);

  Network& network_;
  bool training_;
  std::vector<Part> parts_;
  std::vector<Flow> flows_;  // flows_[0] is the input, flows_[i + 1] what node i gives
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<std::size_t> meetings_;      // steps before which all parts wait for each other
  Aligned<std::byte> values_, gradients_;  // of the flows between input and output
};

}  // namespace twinear::nn
