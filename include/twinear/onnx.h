// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace twinear {

/// Takes the ONNX form (opset 13) of one layer after the other. Inside the graph an activation is
/// [clips, channels, frames]; it has one frame from the pooling on. Maps are [clips, maps, bands,
/// frames].
class OnnxBuilder {
 public:
  using Names = std::vector<std::string>;
  using Sizes = std::vector<std::int64_t>;
  using Attribute = std::variant<std::int64_t, float, std::string, Sizes>;
  using Attributes = std::vector<std::pair<std::string, Attribute>>;

  virtual ~OnnxBuilder() = default;
  /// Adds a constant of floats and returns its name, which must be new.
  virtual std::string constant(const std::string& name, const Sizes& shape,
                               std::span<const float> values) = 0;
  /// Adds a constant list of whole numbers and returns its name.
  virtual std::string integers(const std::string& name, const Sizes& values) = 0;
  /// Adds a node of one output, which has the node's name, and returns that name.
  virtual std::string node(const std::string& type, const Names& inputs, const std::string& name,
                           const Attributes& attributes = {}) = 0;
};

}  // namespace twinear
