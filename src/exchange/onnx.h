// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "twinear/onnx.h"

namespace twinear {

/// Makes an ONNX file of one graph (opset 13). It writes the few messages of onnx.proto that it
/// needs itself, so that programs need not load libprotobuf and libonnx.
class OnnxGraph final : public OnnxBuilder {
 public:
  /// A size, or the name of one that is not fixed.
  using Dimension = std::variant<std::int64_t, std::string>;

  explicit OnnxGraph(std::string name) : name_(std::move(name)) {}

  void input(const std::string& name, const std::vector<Dimension>& shape);
  void output(const std::string& name, const std::vector<Dimension>& shape);
  std::string constant(const std::string& name, const Sizes& shape,
                       std::span<const float> values) override;
  std::string integers(const std::string& name, const Sizes& values) override;
  std::string node(const std::string& type, const Names& inputs, const std::string& name,
                   const Attributes& attributes = {}) override;
  void metadata(const std::string& key, const std::string& value);

  /// The bytes of the file; `documentation` is a text for its readers.
  std::string bytes(const std::string& documentation) const;

 private:
  std::string name_, nodes_, constants_, inputs_, outputs_, metadata_;
};

}  // namespace twinear
