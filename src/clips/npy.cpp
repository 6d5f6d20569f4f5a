// SPDX-License-Identifier: Apache-2.0
#include "clips/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "twinear/error.h"

namespace twinear {
namespace {

static_assert(std::endian::native == std::endian::little, "the types read are little-endian");
constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t header_size = 128;  // a multiple of 64, as NumPy aligns values

struct Header {
  std::string descr, fortran_order;
  std::vector<std::size_t> shape;
};

/// Reads the Python dictionary that a header is: {'descr': '<f4', 'shape': (98, 80), ...}.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : rest_(text) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr")
        header.descr = word();
      else if (key == "fortran_order")
        header.fortran_order = word();
      else if (key == "shape")
        header.shape = sizes();
      else
        fail();
      if (accept('}')) break;
      expect(',');
    }
    return header;
  }

 private:
  [[noreturn]] static void fail() { throw Error(Fault::format, "its .npy header is not valid"); }

  bool accept(char wanted) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) fail();
  }

  /// A text in quotes, or a bare word.
  std::string word() {
    const bool quoted = accept('\'');
    const std::size_t end = rest_.find_first_of(quoted ? "'" : ",}: ");
    if (end == std::string_view::npos) fail();
    std::string found(rest_.substr(0, end));
    rest_.remove_prefix(end + (quoted ? 1 : 0));
    return found;
  }

  std::vector<std::size_t> sizes() {
    std::vector<std::size_t> sizes;
    expect('(');
    while (!accept(')')) {
      std::size_t size = 0;
      const char* end = rest_.data() + rest_.size();
      const auto [stop, error] = std::from_chars(rest_.data(), end, size);
      if (error != std::errc()) fail();
      rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
      sizes.push_back(size);
      if (accept(')')) break;
      expect(',');
    }
    return sizes;
  }

  std::string_view rest_;
};

/// Where the dictionary ends and the values begin; versions 2 and 3 have a longer length.
std::string_view header_text(std::string_view file) {
  if (!file.starts_with(magic) || file.size() < magic.size() + 4)
    throw Error(Fault::format, "not a .npy file");
  const std::size_t width = file[magic.size()] == 1 ? 2 : 4, at = magic.size() + 2;
  std::uint32_t length = 0;
  if (file.size() >= at + width) std::memcpy(&length, file.data() + at, width);
  if (file.size() < at + width + length) throw Error(Fault::format, "its .npy header is cut short");
  return file.substr(at + width, length);
}

/// All before the values. It has room for any number of rows, so that they can be counted later.
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
  const Header header = HeaderReader(text).read();
  const bool wide = header.descr == "<f8";
  if (!wide && header.descr != "<f4")
    throw Error(Fault::format,
                fmt::format("elements of type \"{}\"; float32 or float64 is needed", header.descr));
  if (header.fortran_order != "False")
    throw Error(Fault::format, "in Fortran order; C order is needed");
  if (header.shape.size() != 2 || header.shape[1] == 0)
    throw Error(Fault::format,
                fmt::format("shape ({}); rows x columns is needed", fmt::join(header.shape, ", ")));

  const std::size_t rows = header.shape[0], cols = header.shape[1];
  const auto data = file.substr(static_cast<std::size_t>(text.data() - file.data()) + text.size());
  const std::size_t count = data.size() / (wide ? sizeof(double) : sizeof(float));
  if (count / cols != rows || count % cols != 0 || data.size() % (wide ? 8 : 4) != 0)
    throw Error(Fault::format,
                fmt::format("{} bytes of values; its shape is {} x {}", data.size(), rows, cols));
  Matrix matrix(rows, cols);
  if (wide)
    copy_values<double>(data, matrix.values());
  else
    copy_values<float>(data, matrix.values());
  return matrix;
}

Matrix read_npy(const std::string& path) {
  const FileMap map(path);
  try {
    return parse_npy(map.bytes());
  } catch (const Error& e) {
    throw e.within(path);
  }
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
  const std::string header = header_bytes(0, cols);  // as long as the final one
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
