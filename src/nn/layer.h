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

/// A layer made ready for one batch shape: primitives and buffers between two flows.
///
/// forward(part) and backward(part) run in parallel over parts. A step that needs the whole batch
/// first (batch norm's statistics) says so by whole(): then every part is collected, join() runs
/// alone, and only after it forward(part) is called; likewise on the way back.
class Step {
 public:
  virtual ~Step() = default;

  virtual void begin() {}  ///< before a pass, alone: what follows from weights and lengths
  virtual bool whole() const { return false; }
  virtual void collect(const Part&) {}
  virtual void join() {}
  virtual void forward(const Part& part) = 0;

  virtual void collect_back(const Part&) {}
  virtual void join_back() {}
  virtual void backward(const Part& part) = 0;
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
  virtual std::unique_ptr<Step> prepare(std::span<const Edge> in, Flow& out, Mode mode) = 0;
  /// In inference, a step that does the work of `next` too, or nothing where it cannot.
  virtual std::unique_ptr<Step> prepare_with(Layer& next, std::span<const Edge> in, Flow& out);

  /// Counts changes of the weights, so that a step knows when what it packed is stale.
  std::uint64_t version = 1;
};

inline std::unique_ptr<Step> Layer::prepare_with(Layer&, std::span<const Edge>, Flow&) {
  return nullptr;
}

}  // namespace twinear::nn
