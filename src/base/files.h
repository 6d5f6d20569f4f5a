// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace twinear {

/// Writes `path` whole or not at all: beside it first, then flushed to disk and renamed.
/// Throws Error (io), path first. Never leaves the temporary file behind. Of writers at the same
/// moment, threads or processes, one wins.
void write_file(const std::string& path, std::string_view bytes);

/// The same for a writer that wants a path of its own (libsndfile): it gets the temporary one,
/// which ends in the extension of `path`.
void write_file_by(const std::string& path, const std::function<void(const std::string&)>& write);

/// The bytes of a file. Throws Error (io) for one that is missing, a folder, or over `limit`.
std::string read_file(const std::string& path, std::size_t limit = std::size_t{1} << 30);

/// A file read once, in order, without keeping it: also a pipe. Throws Error (io) as read_file.
class FileStream {
 public:
  explicit FileStream(const std::string& path);
  ~FileStream();
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  /// Fills the front of `into` and gives how much; 0 at the end.
  std::size_t read(std::span<char> into);

 private:
  std::string path_;
  int descriptor_;
};

/// The folder of `path` joined with `relative`, unless `relative` is absolute.
std::string beside(const std::string& path, const std::string& relative);

/// A file read without copying it. Throws Error (io) as read_file.
class FileMap {
 public:
  explicit FileMap(const std::string& path);
  ~FileMap();
  FileMap(const FileMap&) = delete;
  FileMap& operator=(const FileMap&) = delete;
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// FNV-1a, 64 bits, continued from `state`.
inline constexpr std::uint64_t hash_start = 0xcbf29ce484222325ULL;
std::uint64_t hash(std::string_view bytes, std::uint64_t state = hash_start);
std::string hex(std::uint64_t value);  ///< 16 digits

}  // namespace twinear
