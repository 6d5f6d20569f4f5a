// SPDX-License-Identifier: Apache-2.0
#include "model/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "base/json.h"
#include "base/within.h"

namespace twinear {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");
constexpr std::size_t max_header = std::size_t{16} << 20;
constexpr std::size_t max_keys = 1 << 15;
constexpr std::size_t alignment = 64;
constexpr const char* metadata_key = "__metadata__";

[[noreturn]] void refuse(const std::string& why) { throw Error(Fault::format, why); }

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t width_of(const std::string& dtype) {
  static const std::map<std::string, std::size_t> widths{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4}, {"I64", 8}, {"F64", 8}};
  const auto found = widths.find(dtype);
  if (found == widths.end()) refuse("its element type \"" + dtype + "\" is unknown");
  return found->second;
}

/// The product of the sizes; at most `max`.
std::size_t element_count(const std::vector<std::size_t>& shape, std::size_t max) {
  std::size_t count = 1;
  for (const std::size_t n : shape) {
    if (n != 0 && count > max / n) refuse("its shape is larger than the file");
    count *= n;
  }
  return count;
}

std::vector<std::size_t> whole_numbers(const nlohmann::json& list) {
  if (!list.is_array() || !std::ranges::all_of(list, [](const nlohmann::json& number) {
        return number.is_number_unsigned();
      }))
    refuse("its shape and offsets must be lists of whole numbers");
  return list.get<std::vector<std::size_t>>();
}

StoredTensor read_entry(const std::string& name, const nlohmann::json& entry,
                        std::span<const std::byte> data) {
  StoredTensor tensor{
      name, entry.at("dtype").get<std::string>(), whole_numbers(entry.at("shape")), {}};
  const auto offsets = whole_numbers(entry.at("data_offsets"));
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size())
    refuse("its offsets are not in the file");
  tensor.bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
  const std::size_t size = element_count(tensor.shape, data.size()) * width_of(tensor.dtype);
  if (size != tensor.bytes.size())
    refuse(fmt::format("it has {} bytes, but its shape and element type need {}",
                       tensor.bytes.size(), size));
  return tensor;
}

/// The number of keys at any depth, that is, of colons outside of strings.
std::size_t count_keys(std::string_view json) {
  std::size_t keys = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_text && json[i] == '\\')
      ++i;
    else if (json[i] == '"')
      in_text = !in_text;
    else if (!in_text && json[i] == ':')
      ++keys;
  }
  return keys;
}

nlohmann::json parse_header(std::string_view text) {
  // Each takes much more memory than its text.
  if (count_keys(text) > max_keys)
    refuse(fmt::format("its header has more than {} keys", max_keys));
  auto header = parse_large_json(std::string(text), "header");
  if (!header.is_object()) refuse("it is not a safetensors file");
  return header;
}

}  // namespace

std::string safetensors_bytes(std::vector<NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::ranges::sort(tensors, {}, &NamedTensor::name);
  if (std::ranges::adjacent_find(tensors, {}, &NamedTensor::name) != tensors.end())
    throw std::invalid_argument("safetensors_bytes: two tensors have the same name");
  nlohmann::ordered_json header;
  header[metadata_key] = metadata;
  std::size_t at = 0;
  for (const auto& t : tensors) {
    const auto count =
        std::accumulate(t.shape.begin(), t.shape.end(), std::size_t{1}, std::multiplies());
    if (t.name == metadata_key || count != t.values.size())
      throw std::invalid_argument("safetensors_bytes: a tensor has a wrong name or shape");
    const std::size_t end = at + t.values.size_bytes();
    header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((alignment - (sizeof(std::uint64_t) + text.size()) % alignment) % alignment, ' ');
  if (text.size() > max_header)
    refuse(fmt::format("the header would have {} bytes; readers take at most {}", text.size(),
                       max_header));

  std::string bytes(sizeof(std::uint64_t), '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes.reserve(bytes.size() + text.size() + at);
  bytes += text;
  for (const auto& t : tensors) bytes += text_of(std::as_bytes(t.values));
  return bytes;
}

void write_safetensors(const std::string& path, std::vector<NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  write_file(path, within(path, [&] { return safetensors_bytes(std::move(tensors), metadata); }));
}

SafetensorsContent parse_safetensors(std::span<const std::byte> bytes) try {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    refuse(fmt::format("it has {} bytes and is not a safetensors file", bytes.size()));
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > max_header || length > bytes.size() - sizeof length)
    refuse("it is not a safetensors file, or is cut short");
  const auto header = parse_header(text_of(bytes.subspan(sizeof length, length)));
  const auto data = bytes.subspan(sizeof length + length);

  SafetensorsContent content;
  for (const auto& item : header.items())
    if (item.key() == metadata_key)
      content.metadata = item.value().get<std::map<std::string, std::string>>();
    else
      content.tensors.push_back(within(fmt::format("tensor \"{}\"", item.key()),
                                       [&] { return read_entry(item.key(), item.value(), data); }));
  // The header may list tensors in any order. An empty tensor comes before its neighbor.
  std::ranges::sort(content.tensors, {}, [](const StoredTensor& t) {
    return std::pair(t.bytes.data(), t.bytes.size());
  });
  const std::byte* at = data.data();
  for (const auto& tensor : content.tensors) {
    if (tensor.bytes.data() != at)
      refuse(fmt::format("tensor \"{}\": there is a gap or an overlap before it", tensor.name));
    at += tensor.bytes.size();
  }
  if (const auto said = static_cast<std::size_t>(at - data.data()); said != data.size())
    refuse(fmt::format("it has {} bytes of data; its tensors say {}", data.size(), said));
  return content;
} catch (const nlohmann::json::exception&) {
  refuse("its header is not that of a safetensors file");
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : path_(path),
      map_(path),
      content_(within(path, [&] { return parse_safetensors(map_.bytes()); })) {}

NamedTensor SafetensorsFile::tensor(const std::string& name) const {
  const auto& tensors = content_.tensors;
  const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
  if (found == tensors.end()) refuse(fmt::format("{}: it has no tensor \"{}\"", path_, name));
  if (found->dtype != "F32")
    refuse(fmt::format("{}: tensor \"{}\": expected elements of type F32, found {}", path_, name,
                       found->dtype));
  if (reinterpret_cast<std::uintptr_t>(found->bytes.data()) % alignof(float) != 0)
    refuse(fmt::format("{}: tensor \"{}\": its data is not aligned", path_, name));
  return {
      name,
      found->shape,
      {reinterpret_cast<const float*>(found->bytes.data()), found->bytes.size() / sizeof(float)}};
}

const std::string& SafetensorsFile::text(const std::string& key) const {
  const auto found = metadata().find(key);
  if (found == metadata().end())
    refuse(fmt::format("{}: its metadata has no \"{}\", so it is not a twinear model", path_, key));
  return found->second;
}

std::string SafetensorsFile::id() const { return hex(hash(text_of(map_.bytes()))); }

}  // namespace twinear
