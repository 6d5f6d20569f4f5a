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
  bool input_gradient = false;   ///< whether the input has a gradient
  Number numbers = Number::f32;  ///< how convolutions over frames store what they give
  bool share_memory = true;      ///< between activations that are not needed at the same time
};

/// A network made ready for one batch shape: input and output, the ops between, all memory.
/// Belongs to one thread, and is parallel inside; the network must outlive it.
///
/// The two clips of a comparison are rows of one batch, so their gradients add up in the same
/// parameters. Each backward pass adds to the parameters' gradients.
class Execution {
 public:
  Execution(Network& network, Shape input, Mode mode, const ExecutionOptions& options = {});

  /// The caller fills it: values, the valid frames of each clip (at least one), zeros behind them.
  Activation& input() noexcept { return activations_.front(); }
  /// Has values after forward(); the caller fills its gradient before backward().
  Activation& output() noexcept { return activations_.back(); }

  void forward();
  void backward();

  std::size_t bytes() const noexcept;  ///< memory of all activations
  std::size_t ops() const noexcept { return ops_.size(); }

 private:
  struct Readers {  // nodes that read an activation
    std::size_t last = 0, count = 0;
  };
  void make_activations(Shape input, const ExecutionOptions& options);
  std::vector<Readers> readers() const;
  void place_gradients(std::vector<Lifetime> needed, bool share);
  void place(const std::vector<Lifetime>& needed, Aligned<std::byte>& memory,
             ArenaSlice Activation::*slice);
  void prepare_ops(Mode mode, std::span<const Readers> readers, std::vector<Lifetime>& needed);

  Network& network_;
  bool training_, new_ = true;
  std::vector<MicroBatch> micro_batches_;
  std::vector<Activation> activations_;  // numbered as in Node::inputs
  std::vector<std::unique_ptr<Op>> ops_;
  std::vector<std::size_t> barriers_;      // ops before which all micro-batches wait for each other
  Aligned<std::byte> values_, gradients_;  // the arenas of what lies between input and output
};

}  // namespace twinear::nn
