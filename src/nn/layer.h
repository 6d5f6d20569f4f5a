// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "nn/tensor.h"

namespace twinear::nn {

enum class Mode { training, inference };

/// A layer made ready for one batch shape: primitives and buffers between two activations.
///
/// forward(part) and backward(part) run in parallel over parts. A step that needs the whole batch
/// first (batch norm's statistics) says so by needs_batch(): then every part is collected, reduce()
/// runs alone, and only after it forward(part) is called; likewise on the way back.
class Op {
 public:
  virtual ~Op() = default;

  virtual void begin() {}  ///< before a pass, alone: what follows from weights and lengths
  virtual bool needs_batch() const { return false; }
  virtual void collect(const MicroBatch&) {}
  virtual void reduce() {}
  virtual void forward(const MicroBatch& part) = 0;

  virtual void collect_backward(const MicroBatch&) {}
  virtual void reduce_backward() {}
  virtual void backward(const MicroBatch& part) = 0;
  virtual void end() {}  ///< after a backward pass, alone: adds to the parameters' gradients
};

/// A layer: its sizes and its weights. Many steps may share one, which is all that "Siamese" means.
class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::string_view kind() const = 0;  ///< its name in recipes and models
  /// Of the inputs, whose clips and frames are the same.
  virtual Shape output(std::span<const Shape> inputs) const { return inputs[0]; }
  virtual std::int64_t output_length(std::int64_t length) const { return length; }
  virtual std::span<Parameter> parameters() { return {}; }
  virtual double multiply_adds(std::span<const Shape>) const { return 0; }  ///< of a forward pass
  /// `out` has its shape; the layer may be used by many steps, also at once in inference.
  virtual std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) = 0;
  /// In inference, a step that does the work of `next` too, or nothing where it cannot.
  virtual std::unique_ptr<Op> prepare_fused(Layer& next, std::span<const Input> in,
                                            Activation& out);

  /// Counts changes of the weights, so that a step knows when what it packed is stale.
  std::uint64_t version = 1;
};

inline std::unique_ptr<Op> Layer::prepare_fused(Layer&, std::span<const Input>, Activation&) {
  return nullptr;
}

}  // namespace twinear::nn
