// SPDX-License-Identifier: Apache-2.0
#include "clips/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/within.h"

namespace twinear {
namespace {

static_assert(std::endian::native == std::endian::little, "the types read are little-endian");
constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t header_size = 128;  // a multiple of 64, as NumPy aligns values
constexpr const char* invalid_header = "its .npy header is not valid";

struct Header {
  std::string descr;
  bool fortran_order = true;
  std::vector<std::size_t> shape;
};

/// The Python dictionary as JSON: {'descr': '<f4', 'fortran_order': False, 'shape': (98, 80), }
std::string json_of(std::string_view dictionary) {
  std::string json;
  for (bool quoted = false; const char c : dictionary) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c == ')' || c == '}'))  // JSON has no comma before these
      json.resize(json.find_last_not_of(", ") + 1);
    constexpr std::string_view python = "'()TF", same = "\"[]tf";
    const auto at = quoted && c != '\'' ? python.npos : python.find(c);
    json += at == python.npos ? c : same[at];
  }
  return json;
}

Header parse_header(std::string_view text) try {
  Header header;
  const auto dictionary = nlohmann::json::parse(json_of(text));
  for (const auto& [key, value] : dictionary.items())
    if (key == "descr")
      value.get_to(header.descr);
    else if (key == "fortran_order")
      value.get_to(header.fortran_order);
    else if (key == "shape")
      for (const auto& size : value) {
        if (!size.is_number_unsigned()) throw Error(Fault::format, invalid_header);
        header.shape.push_back(size);
      }
    else
      throw Error(Fault::format, invalid_header);
  return header;
} catch (const nlohmann::json::exception&) {
  throw Error(Fault::format, invalid_header);
}

/// The dictionary of the header. Versions 2 and 3 have a longer field for its length.
std::string_view header_text(std::string_view file) {
  if (!file.starts_with(magic) || file.size() < magic.size() + 4)
    throw Error(Fault::format, "not a .npy file");
  const std::size_t width = file[magic.size()] == 1 ? 2 : 4, at = magic.size() + 2;
  std::uint32_t length = 0;
  if (file.size() >= at + width) std::memcpy(&length, file.data() + at, width);
  if (file.size() < at + width + length) throw Error(Fault::format, "its .npy header is cut short");
  return file.substr(at + width, length);
}

/// The bytes before the values. Their number is the same for any number of rows.
std::string header_bytes(std::size_t rows, std::size_t cols) {
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, cols);
  text.resize(header_size - magic.size() - 4, ' ');
  text.back() = '\n';
  std::string bytes(magic);
  bytes += {'\1', '\0'};
  bytes += {static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return bytes + text;
}

template <class T>
void copy_values(std::string_view bytes, std::span<float> values) {
  T value;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    values[i] = static_cast<float>(value);
  }
}

}  // namespace

Matrix parse_npy(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view text = header_text(file);
  const Header header = parse_header(text);
  const bool wide = header.descr == "<f8";
  if (!wide && header.descr != "<f4")
    throw Error(Fault::format,
                fmt::format("elements of type \"{}\"; expected float32 or float64", header.descr));
  if (header.fortran_order) throw Error(Fault::format, "in Fortran order; expected C order");
  if (header.shape.size() != 2 || header.shape[1] == 0)
    throw Error(Fault::format,
                fmt::format("shape ({}); expected rows x columns", fmt::join(header.shape, ", ")));

  const std::size_t rows = header.shape[0], cols = header.shape[1];
  const auto data = file.substr(static_cast<std::size_t>(text.data() - file.data()) + text.size());
  const std::size_t count = data.size() / (wide ? sizeof(double) : sizeof(float));
  if (count / cols != rows || count % cols != 0 || data.size() % (wide ? 8 : 4) != 0)
    throw Error(Fault::format, fmt::format("{} bytes of values; expected those of {} x {}",
                                           data.size(), rows, cols));
  Matrix matrix(rows, cols);
  if (wide)
    copy_values<double>(data, matrix.values());
  else
    copy_values<float>(data, matrix.values());
  return matrix;
}

Matrix read_npy(const std::string& path) {
  const FileMap map(path);
  return within(path, [&] { return parse_npy(map.bytes()); });
}

void write_npy(const std::string& path, const Matrix& matrix) {
  write_file_by(path, [&](const std::string& temporary) {
    NpyWriter writer(temporary, matrix.cols());
    writer.append(matrix);
    writer.finish();
  });
}

NpyWriter::NpyWriter(const std::string& path, std::size_t cols)
    : path_(path), file_(path, std::ios::binary), cols_(cols) {
  const std::string header = header_bytes(0, cols);  // finish() replaces it
  write(header.data(), header.size());
}

void NpyWriter::append(const Matrix& rows) {
  write(rows.values().data(), rows.values().size_bytes());
  rows_ += rows.rows();
}

std::size_t NpyWriter::finish() {
  file_.seekp(0);
  const std::string header = header_bytes(rows_, cols_);
  write(header.data(), header.size());
  file_.flush();
  check();
  return rows_;
}

void NpyWriter::write(const void* bytes, std::size_t size) {
  file_.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  check();
}

void NpyWriter::check() const {
  if (!file_) throw Error(Fault::io, fmt::format("{}: {}", path_, std::strerror(errno)));
}

}  // namespace twinear
