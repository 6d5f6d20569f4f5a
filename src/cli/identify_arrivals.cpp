// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "cli/identifier.h"
#include "cli/interrupt.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

/// Watches a folder for files that are closed after writing, or moved there. Hidden files are
/// skipped, because careful writers hide a file until it is whole, and so are files that are gone.
class Folder {
 public:
  explicit Folder(const std::string& path)
      : path_(path), descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    constexpr unsigned events =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF;
    if (descriptor_ < 0 || ::inotify_add_watch(descriptor_, path.c_str(), events) < 0) {
      const int code = errno;
      ::close(descriptor_);
      throw Error(Fault::io, fmt::format("{}: {}", path, std::strerror(code)));
    }
  }
  ~Folder() { ::close(descriptor_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// The files that have come since the last call; waits a moment if there are none.
  std::vector<std::string> arrivals() {
    constexpr int patience_ms = 100;
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms) <= 0) return {};
    alignas(inotify_event) std::array<char, 1U << 16U> bytes;
    const auto got = ::read(descriptor_, bytes.data(), bytes.size());
    std::vector<std::string> files;
    for (std::size_t at = 0; got > 0 && at < static_cast<std::size_t>(got);) {
      const auto& event = *reinterpret_cast<const inotify_event*>(&bytes[at]);
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0)
        throw Error(Fault::io, path_ + ": the folder was moved or removed");
      if ((event.mask & IN_Q_OVERFLOW) != 0)
        throw Error(Fault::io,
                    path_ + ": files came so fast that the system (inotify) lost some of them");
      // The system tells of files that have no name yet, too, and calls them by a number.
      std::error_code error;
      const auto file = std::filesystem::path(path_) / event.name;
      if (event.len > 0 && (event.mask & IN_ISDIR) == 0 && event.name[0] != '.' &&
          std::filesystem::exists(std::filesystem::symlink_status(file, error)))
        files.push_back(file.string());
      at += sizeof(inotify_event) + event.len;
    }
    return files;
  }

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace

void identify_arrivals(const Identifier& identifier, const std::string& folder, int channel,
                       const Console& console) {
  const Interrupt interrupt;
  Folder watched(folder);
  console.info("watching " + folder);
  while (interrupt.signal() == 0)
    if (const auto files = watched.arrivals(); !files.empty())
      identify_files(identifier, files, channel, console);
}

}  // namespace twinear::cli
