// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "twinear/error.h"

namespace twinear {
namespace {

[[noreturn]] void fail(const std::string& path, int code) {
  throw Error(Fault::io, fmt::format("{}: {}", path, std::strerror(code)));
}

/// A file descriptor that is closed at the end of its scope.
struct Descriptor {
  Descriptor(const std::string& path, int flags) : value(::open(path.c_str(), flags, 0666)) {
    if (value < 0) fail(path, errno);
  }
  ~Descriptor() { ::close(value); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value;
};

void flush_to_disk(const std::string& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  if (::fsync(file.value) != 0 && errno != EINVAL) fail(path, errno);
}

void write_all(const std::string& path, std::string_view bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  while (!bytes.empty()) {
    const auto written = ::write(file.value, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// A path in the folder of `target` that no other write uses, with the same extension. The stem is
/// cut so that the name fits in NAME_MAX.
std::string temporary_beside(const std::filesystem::path& target) {
  static std::atomic<unsigned> writes{0};  // of this process; each uses another file
  const std::string extension = target.extension().string(), stem = target.stem().string();
  const std::string mark = fmt::format(".{}.{}{}", ::getpid(), ++writes, extension);
  const std::size_t room = NAME_MAX - std::min<std::size_t>(NAME_MAX, mark.size() + 1);
  return (target.parent_path() / fmt::format(".{}{}", stem.substr(0, room), mark)).string();
}

}  // namespace

void write_file_by(const std::string& path, const std::function<void(const std::string&)>& write) {
  std::error_code no_such_folder;
  if (std::filesystem::is_directory(path, no_such_folder))
    throw Error(Fault::io, fmt::format("{}: is a folder", path));
  const std::string temporary = temporary_beside(path);
  try {
    write(temporary);
    flush_to_disk(temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, errno);
  } catch (const Error& e) {
    ::unlink(temporary.c_str());
    std::string reason = e.what();  // it shall name the path that the caller knows
    if (reason.starts_with(temporary)) reason.replace(0, temporary.size(), path);
    throw Error(e.fault(), reason);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void write_file(const std::string& path, std::string_view bytes) {
  write_file_by(path, [&](const std::string& temporary) { write_all(temporary, bytes); });
}

std::string read_file(const std::string& path, std::size_t limit) {
  FileStream file(path);
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {  // reads to the end, since pipes and files of /proc have no size
    const std::size_t got = file.read(buffer);
    if (got == 0) return bytes;
    bytes.append(buffer, got);
    if (bytes.size() > limit)
      throw Error(Fault::io, fmt::format("{}: expected at most {} bytes, found more", path, limit));
  }
}

FileStream::FileStream(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(path, errno);
}

FileStream::~FileStream() { ::close(descriptor_); }

std::size_t FileStream::read(std::span<char> into) {
  for (;;) {
    const auto got = ::read(descriptor_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EISDIR) throw Error(Fault::io, path_ + ": is a folder");
    if (errno != EINTR) fail(path_, errno);
  }
}

std::string beside(const std::string& path, const std::string& relative) {
  return (std::filesystem::path(path).parent_path() / relative).lexically_normal().string();
}

FileMap::FileMap(const std::string& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) fail(path, errno);
  if (S_ISDIR(status.st_mode)) throw Error(Fault::io, path + ": is a folder");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (address == MAP_FAILED) fail(path, errno);
  data_ = static_cast<const std::byte*>(address);
}

FileMap::~FileMap() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::uint64_t hash(std::string_view bytes, std::uint64_t state) {
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace twinear
