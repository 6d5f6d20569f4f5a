// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/encoder.h"
#include "twinear/layer.h"

namespace twinear::nn {

/// A parameter and its key in the model file, "layer.parameter".
struct NamedParameter {
  std::string key;
  Parameter* parameter;
};

/// A layer and the activations that it reads: activation 0 is the network's input, activation i + 1
/// is what node i gives.
struct Node {
  std::string name, kind;
  std::unique_ptr<Layer> layer;
  std::vector<std::size_t> inputs;
  bool pooled = false;  ///< gives one frame a clip
};

/// The layers of an encoder, each of which reads layers before it.
class Network {
 public:
  /// Draws the weights from `seed`, if there is one. Throws Error (config) unless the layers fit
  /// together.
  Network(const EncoderSpec& spec, std::optional<std::uint64_t> seed);

  std::span<const Node> nodes() const noexcept { return nodes_; }
  std::vector<NamedParameter> parameters() const;
  std::size_t bins() const noexcept { return bins_; }
  /// The shape of every activation for this input, activation 0 included.
  std::vector<Shape> shapes(Shape input) const;
  /// How every activation is stored if convolutions over frames store `of_frames`: features and
  /// what is pooled are always f32. Throws Error (config) if a layer would mix both.
  std::vector<Number> numbers(Number of_frames) const;
  double multiply_adds(Shape input) const;

  void want_gradients();  ///< of all parameters that are learned
  void zero_gradients();
  void weights_changed();  ///< to be called after any change of the parameters' values

 private:
  std::size_t bins_;
  std::vector<Node> nodes_;
};

/// The network of an encoder, for training and storage within the library.
Network& network_of(Encoder& encoder);
const Network& network_of(const Encoder& encoder);

}  // namespace twinear::nn
