// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace twinear {

/// An ONNX model on its way into a file: opset 13, one graph. It writes the few messages of
/// onnx.proto that it needs itself: libprotobuf and libonnx would load with every program that
/// links Twinear, to write tagged integers and lengths.
class OnnxGraph {
 public:
  using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>>;
  struct NamedAttribute {
    std::string name;
    Attribute value;
  };
  /// A size, or the name of one that is not fixed.
  using Dimension = std::variant<std::int64_t, std::string>;

  explicit OnnxGraph(std::string name) : name_(std::move(name)) {}

  void input(const std::string& name, const std::vector<Dimension>& shape);
  void output(const std::string& name, const std::vector<Dimension>& shape);
  /// A constant; gives its name.
  std::string constant(const std::string& name, std::span<const std::int64_t> shape,
                       std::span<const float> values);
  std::string constant(const std::string& name, const std::vector<std::int64_t>& values);
  /// A node of one output, which bears its name; gives that name.
  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const std::string& name, const std::vector<NamedAttribute>& attributes = {});
  void metadata(const std::string& key, const std::string& value);

  /// The file, with a word for people.
  std::string bytes(const std::string& documentation) const;

 private:
  std::string name_, nodes_, constants_, inputs_, outputs_, metadata_;
};

}  // namespace twinear
