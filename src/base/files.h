// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace twinear {

/// Writes a file whole or not at all: a new file, which has no name where the file system allows
/// that, is flushed to disk and takes the place of the old one, whose permissions it gets. A link
/// is followed. What is no regular file (a device, a pipe, a socket, and all in /dev and /proc) is
/// written through, and never replaced. Throws Error (io), path first, and then leaves all as it
/// was, and (config) for "-". If several threads or processes write the same path at once, one of
/// them wins.
void write_file(const std::string& path, std::string_view bytes);

/// Writes a file as write_file() does. `write` fills the new file, which it opens at the path that
/// it is given.
void write_file_by(const std::string& path, const std::function<void(const std::string&)>& write);

/// Reads the bytes of a file. Throws Error (io), path first, for a file that is missing, a folder,
/// or larger than `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit = std::size_t{1} << 30);

/// Reads a file or pipe from its beginning to its end, piece by piece. Throws Error (io) as
/// read_file does. One thread at a time may use it.
class FileStream {
 public:
  explicit FileStream(const std::string& path);
  ~FileStream();
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  /// Reads bytes to the front of `into` and returns their number, which is 0 at the end.
  std::size_t read(std::span<char> into);

 private:
  std::string path_;
  int descriptor_;
};

/// The path of `relative` in the folder of the file `path`; an absolute `relative` stays as it is.
std::string beside(const std::string& path, const std::string& relative);

/// A file that is mapped into memory. Throws Error (io) as read_file does. Threads may share it.
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

/// The FNV-1a hash of 64 bits. Pass the hash of preceding bytes as `state` to continue it.
inline constexpr std::uint64_t hash_start = 0xcbf29ce484222325ULL;
std::uint64_t hash(std::string_view bytes, std::uint64_t state = hash_start);

/// `value` as 16 hexadecimal digits.
std::string hex(std::uint64_t value);

}  // namespace twinear
