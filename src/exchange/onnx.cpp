// SPDX-License-Identifier: Apache-2.0
// Numbers of fields and types are those of onnx.proto (IR version 7); the encoding is protobuf's:
// a tag of field and wire type, then a varint, four bytes, or a length and so many bytes.
#include "exchange/onnx.h"

#include <bit>
#include <type_traits>

namespace twinear {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");
constexpr std::int64_t ir_version = 7, opset = 13;
enum : std::int64_t { type_float = 1, type_int64 = 7 };                              // TensorProto
enum : std::int64_t { kind_float = 1, kind_int = 2, kind_text = 3, kind_ints = 7 };  // attributes

void varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) to += static_cast<char>(value | 0x80U);
  to += static_cast<char>(value);
}

void whole(std::string& to, unsigned field, std::int64_t value) {
  varint(to, field << 3U);
  varint(to, static_cast<std::uint64_t>(value));
}

void text(std::string& to, unsigned field, std::string_view value) {
  varint(to, field << 3U | 2U);
  varint(to, value.size());
  to += value;
}

template <class T>
std::string_view raw(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

void real(std::string& to, unsigned field, float value) {
  varint(to, field << 3U | 5U);
  to += raw(std::span<const float>(&value, 1));
}

std::string tensor(const std::string& name, std::span<const std::int64_t> shape, std::int64_t type,
                   std::string_view data) {
  std::string out;
  for (const std::int64_t n : shape) whole(out, 1, n);
  whole(out, 2, type);
  text(out, 8, name);
  text(out, 9, data);
  return out;
}

std::string value_info(const std::string& name, const std::vector<OnnxGraph::Dimension>& shape) {
  std::string dimensions, tensor_type, type, out;
  for (const auto& dimension : shape) {
    std::string one;
    if (const auto* size = std::get_if<std::int64_t>(&dimension))
      whole(one, 1, *size);
    else
      text(one, 2, std::get<std::string>(dimension));
    text(dimensions, 1, one);
  }
  whole(tensor_type, 1, type_float);
  text(tensor_type, 2, dimensions);
  text(type, 1, tensor_type);
  text(out, 1, name);
  text(out, 2, type);
  return out;
}

std::string attribute(const std::string& name, const OnnxBuilder::Attribute& value) {
  std::string out;
  text(out, 1, name);
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, float>) {
          real(out, 2, v);
          whole(out, 20, kind_float);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          whole(out, 3, v);
          whole(out, 20, kind_int);
        } else if constexpr (std::is_same_v<T, std::string>) {
          text(out, 4, v);
          whole(out, 20, kind_text);
        } else {
          for (const std::int64_t one : v) whole(out, 8, one);
          whole(out, 20, kind_ints);
        }
      },
      value);
  return out;
}

}  // namespace

void OnnxGraph::input(const std::string& name, const std::vector<Dimension>& shape) {
  text(inputs_, 11, value_info(name, shape));
}

void OnnxGraph::output(const std::string& name, const std::vector<Dimension>& shape) {
  text(outputs_, 12, value_info(name, shape));
}

std::string OnnxGraph::constant(const std::string& name, const Sizes& shape,
                                std::span<const float> values) {
  text(constants_, 5, tensor(name, shape, type_float, raw(values)));
  return name;
}

std::string OnnxGraph::integers(const std::string& name, const Sizes& values) {
  const std::int64_t size[] = {static_cast<std::int64_t>(values.size())};
  text(constants_, 5, tensor(name, size, type_int64, raw(std::span<const std::int64_t>(values))));
  return name;
}

std::string OnnxGraph::node(const std::string& type, const Names& inputs, const std::string& name,
                            const Attributes& attributes) {
  std::string out;
  for (const auto& input : inputs) text(out, 1, input);
  text(out, 2, name);
  text(out, 3, name);
  text(out, 4, type);
  for (const auto& [key, value] : attributes) text(out, 5, attribute(key, value));
  text(nodes_, 1, out);
  return name;
}

void OnnxGraph::metadata(const std::string& key, const std::string& value) {
  std::string pair;
  text(pair, 1, key);
  text(pair, 2, value);
  text(metadata_, 14, pair);
}

std::string OnnxGraph::bytes(const std::string& documentation) const {
  std::string graph = nodes_, operators, out;
  text(graph, 2, name_);
  graph += constants_ + inputs_ + outputs_;
  text(operators, 1, "");
  whole(operators, 2, opset);
  whole(out, 1, ir_version);
  text(out, 2, "twinear");
  text(out, 6, documentation);
  text(out, 7, graph);
  text(out, 8, operators);
  return out + metadata_;
}

}  // namespace twinear
