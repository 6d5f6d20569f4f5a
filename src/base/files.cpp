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
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <optional>

#include "twinear/error.h"

namespace twinear {
namespace {

[[noreturn]] void fail(const std::string& path, int code) {
  throw Error(Fault::io, fmt::format("{}: {}", path, std::strerror(code)));
}

/// A file descriptor that is closed at the end of its scope; -1 if it could not be opened.
struct Descriptor {
  Descriptor(const std::string& path, int flags, mode_t mode = 0666)
      : value(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool open() const { return value >= 0; }
  int value;
};

void write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void flush_to_disk(const Descriptor& file, const std::string& path) {
  if (::fsync(file.value) != 0 && errno != EINVAL) fail(path, errno);
}

/// A path in the folder of `target` that no other write uses. The stem is cut so that the name fits
/// in NAME_MAX.
std::string temporary_beside(const std::filesystem::path& target) {
  static std::atomic<unsigned> writes{0};  // of this process; each uses another file
  const std::string extension = target.extension().string(), stem = target.stem().string();
  const std::string mark = fmt::format(".{}.{}{}", ::getpid(), ++writes, extension);
  const std::size_t room = NAME_MAX - std::min<std::size_t>(NAME_MAX, mark.size() + 1);
  return (target.parent_path() / fmt::format(".{}{}", stem.substr(0, room), mark)).string();
}

/// A new file for a path. Until publish() it has no name where the file system allows that, so that
/// nothing of it stays when the process ends; else it has a temporary name beside the path.
class Draft {
 public:
  /// `old` is what is there now, whose owner and permissions the new file gets.
  Draft(const std::string& path, const struct stat* old)
      : path_(path),
        folder_(std::filesystem::path(path).parent_path().string()),
        temporary_(temporary_beside(path)),
        place_(temporary_) {
    file_.emplace(folder_.empty() ? "." : folder_, O_TMPFILE | O_RDWR, mode(old));
    const std::string nameless = fmt::format("/proc/self/fd/{}", file_->value);
    if (file_->open() && ::access(nameless.c_str(), W_OK) == 0) {
      place_ = nameless;
    } else {
      file_.emplace(temporary_, O_RDWR | O_CREAT | O_EXCL, mode(old));
      if (!file_->open()) fail(path, errno);
      named_ = true;
    }
    if (old == nullptr) return;
    [[maybe_unused]] const int kept = ::fchown(file_->value, old->st_uid, old->st_gid);
    ::fchmod(file_->value, old->st_mode & 07777U);
  }
  ~Draft() {
    if (named_) ::unlink(temporary_.c_str());  // nothing, once it is published
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& place() const { return place_; }  ///< where it can be opened
  int descriptor() const { return file_->value; }

  void publish() {
    flush_to_disk(*file_, path_);
    if (!named_) {
      if (::linkat(AT_FDCWD, place_.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
        fail(path_, errno);
      named_ = true;
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, errno);
    const Descriptor folder(folder_.empty() ? "." : folder_, O_RDONLY | O_DIRECTORY);
    if (folder.open()) ::fsync(folder.value);
  }

 private:
  static mode_t mode(const struct stat* old) {
    return old == nullptr ? 0666U : old->st_mode & 0777U;
  }

  std::string path_, folder_, temporary_, place_;
  std::optional<Descriptor> file_;
  bool named_ = false;  ///< whether `temporary_` is its name
};

/// What a chain of links leads to, whether or not that is there.
std::string led_to(std::string path) {
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(path, error); ++links) {
    if (links == 40) fail(path, ELOOP);
    path = beside(path, std::filesystem::read_symlink(path).string());
  }
  return path;
}

/// Whether a file is never put in the place of what is there: a device, a pipe, a socket, and what
/// the system calls an open file.
bool writes_through(const std::string& path, const struct stat& there) {
  return !S_ISREG(there.st_mode) || path.starts_with("/dev/") || path.starts_with("/proc/");
}

/// The number of an open file of this process by its path, such as /dev/stdout, or -1. It is
/// written where it stands: what opens it anew begins at its beginning, over what is there.
int open_already(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    int number = -1;
    const char* const end = path.data() + path.size();
    const auto [stop, code] = std::from_chars(path.data() + folder.size(), end, number);
    if (code == std::errc{} && stop == end) return number;
  }
  return -1;
}

void copy_through(int from, const std::string& path) {
  std::optional<Descriptor> opened;
  int to = open_already(path);
  if (to < 0) to = opened.emplace(path, O_WRONLY).value;
  if (to < 0) fail(path, errno);
  char buffer[1 << 16];
  for (off_t at = 0;;) {
    const auto got = ::pread(from, buffer, sizeof buffer, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, errno);
    if (got == 0) return;
    write_all(to, {buffer, static_cast<std::size_t>(got)}, path);
    at += got;
  }
}

}  // namespace

void write_file_by(const std::string& path, const std::function<void(const std::string&)>& write) {
  if (path == "-") throw Error(Fault::config, "-: expected a file; one of this name is called ./-");
  struct stat there {};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode))
    throw Error(Fault::io, fmt::format("{}: is a folder", path));
  const bool through = exists && writes_through(path, there);
  const std::string target =
      through ? (std::filesystem::temp_directory_path() / "twinear").string() : led_to(path);
  Draft draft(target, exists && !through ? &there : nullptr);
  try {
    write(draft.place());
  } catch (const Error& e) {
    std::string reason = e.what();  // it shall name the path that the caller knows
    if (reason.starts_with(draft.place())) reason.replace(0, draft.place().size(), path);
    throw Error(e.fault(), reason);
  }
  if (through)
    copy_through(draft.descriptor(), path);
  else
    draft.publish();
}

void write_file(const std::string& path, std::string_view bytes) {
  write_file_by(path, [&](const std::string& temporary) {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.open()) fail(temporary, errno);
    write_all(file.value, bytes, temporary);
  });
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
  const Descriptor file(path, O_RDONLY);
  if (!file.open()) fail(path, errno);
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
