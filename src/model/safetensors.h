// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace twinear {

/// A named array of floats in row-major order, owned by somebody else.
struct NamedTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<const float> values;
};

/// The public safetensors format: 8 bytes of header length (little-endian), a JSON header, data.
/// Names are sorted and data begins on 64 bytes, so the same tensors give the same bytes.
std::string safetensors_bytes(std::vector<NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata);

/// Writes safetensors_bytes, atomically. Throws Error (io), path first.
void write_safetensors(const std::string& path, std::vector<NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata);

/// An array as a file holds it, of any element type that the format knows.
struct StoredTensor {
  std::string name, dtype;  ///< dtype as the file writes it: F32, I64, ...
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;
};

/// What a safetensors file says; the tensors look into the bytes that it was read from.
struct SafetensorsContent {
  std::map<std::string, std::string> metadata;
  std::vector<StoredTensor> tensors;  ///< in the order of their data
};

/// Reads bytes that anybody may have written: header of at most 16 MiB, offsets in order and
/// covering the data exactly, size = shape x width, known types, no name twice.
/// Throws Error (format) for all others.
SafetensorsContent parse_safetensors(std::span<const std::byte> bytes);

/// A safetensors file mapped into memory and read by parse_safetensors.
/// Throws Error (io, format), path first, as all of its functions do.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  const std::map<std::string, std::string>& metadata() const noexcept { return content_.metadata; }
  const std::vector<StoredTensor>& tensors() const noexcept { return content_.tensors; }
  /// Throws Error (format) where there is none of that name, or none of floats.
  NamedTensor tensor(const std::string& name) const;
  /// A metadata text; throws Error (format) where it is missing.
  const std::string& text(const std::string& key) const;
  std::string id() const;  ///< hash of the whole file

 private:
  std::string path_;
  FileMap map_;
  SafetensorsContent content_;
};

}  // namespace twinear
