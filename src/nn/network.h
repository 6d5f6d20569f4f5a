// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "twinear/encoder.h"

namespace twinear::nn {

/// A parameter and its key in the model file, "layer.parameter".
struct NamedParameter {
  std::string key;
  Parameter* parameter;
};

/// A layer and where its inputs come from: flow 0 is the network's input, flow i + 1 what node i
/// gives.
struct Node {
  std::string name;
  std::unique_ptr<Layer> layer;
  std::vector<std::size_t> inputs;
  bool pooled = false;  ///< gives one frame a clip
};

/// The layers of an encoder, made from their description: each reads what stands before it.
class Network {
 public:
  /// Learned weights are drawn uniformly from +-1 / sqrt(fan-in), as PyTorch does by default.
  /// Throws Error (config) for a description that no network can have.
  Network(const EncoderSpec& spec, std::uint64_t seed);

  std::span<const Node> nodes() const noexcept { return nodes_; }
  std::vector<NamedParameter> parameters() const;
  std::int64_t bins() const noexcept { return bins_; }
  /// The shape of every flow for this input, flow 0 included.
  std::vector<Shape> shapes(Shape input) const;
  /// How every flow is stored where convolutions over frames leave `of_frames`: features and what
  /// is pooled are always f32. Throws Error (config) where a layer would join both kinds.
  std::vector<Number> numbers(Number of_frames) const;
  double multiply_adds(Shape input) const;

  void zero_gradients();
  void weights_changed();  ///< to be called after any change of the parameters' values

 private:
  std::int64_t bins_;
  std::vector<Node> nodes_;
};

}  // namespace twinear::nn
