// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "nn/memory_plan.h"
#include "nn/network.h"

namespace twinear::nn {

struct ExecutionOptions {
  bool input_gradient = false;   ///< else the input has none
  Number numbers = Number::f32;  ///< of what stands between the features and the pooling
  bool share_memory = true;      ///< between activations that are not needed at once
};

/// A network made ready for one batch shape: input and output, the steps between, all memory.
/// Belongs to one thread, and is parallel inside; the network must outlive it.
///
/// The two ears of a comparison are rows of one batch, so their gradients meet in the same
/// parameters. Each backward pass adds to the parameters' gradients.
class Execution {
 public:
  Execution(Network& network, Shape input, Mode mode, const ExecutionOptions& options = {});

  /// To be filled: values, and the valid frames of each clip (at least one), zeros behind them.
  Activation& input() noexcept { return activations_.front(); }
  /// Values after forward(); its gradient is to be filled before backward().
  Activation& output() noexcept { return activations_.back(); }

  void forward();
  void backward();

  std::size_t bytes() const noexcept;  ///< of all activations
  std::size_t steps() const noexcept { return ops_.size(); }

 private:
  struct Readers {  // of a flow
    std::size_t last = 0, count = 0;
  };
  void place_gradients(std::vector<Lifetime> needed, bool share);
  void place(const std::vector<Lifetime>& needed, Aligned<std::byte>& memory,
             ArenaSlice Activation::*loan);
  void prepare_ops(Mode mode, std::span<const Readers> reading, std::vector<Lifetime>& needed);

  Network& network_;
  bool training_;
  std::vector<MicroBatch> micro_batches_;
  std::vector<Activation>
      activations_;  // activations_[0] is the input, activations_[i + 1] what node i gives
  std::vector<std::unique_ptr<Op>> ops_;
  std::vector<std::size_t> barriers_;      // steps before which all parts wait for each other
  Aligned<std::byte> values_, gradients_;  // of the activations between input and output
};

}  // namespace twinear::nn
