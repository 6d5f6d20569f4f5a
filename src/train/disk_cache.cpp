// SPDX-License-Identifier: Apache-2.0
#include "train/disk_cache.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "twinear/error.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

/// What begins an entry; the values follow it. In the byte order of the machine.
struct Header {
  std::array<char, 16> format{'t', 'w', 'i', 'n', 'e', 'a', 'r', ' ', 'm', 'e', 'l', ' ', '1'};
  std::uint64_t key = 0, audio_bytes = 0, rows = 0, cols = 0;
  std::uint64_t checksum = 0;  // of the values
  std::uint64_t reserved = 0;  // values begin on 64 bytes
};
static_assert(sizeof(Header) == 64);

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

DiskCache::DiskCache(std::string folder, const std::string& maker, std::size_t width)
    : folder_(std::move(folder)), maker_(hash(maker)), width_(width) {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) throw Error(Fault::io, folder_ + ": " + failure.message());
}

DiskCache::Entry DiskCache::entry(const Clip& clip, const std::string& variant) const {
  const FileMap audio(clip.path);
  const std::string part = fmt::format("{} {}{}", clip.start, clip.end, variant);
  Entry entry;
  entry.key_ = hash(part, hash(text(audio.bytes()), maker_));
  entry.audio_bytes_ = audio.bytes().size();
  entry.cols_ = width_;
  entry.path_ = (fs::path(folder_) / (hex(entry.key_) + ".mel")).string();
  return entry;
}

std::optional<Matrix> DiskCache::Entry::read() const try {
  const FileMap map(path_);
  Header found;
  if (map.bytes().size() < sizeof found) return std::nullopt;
  std::memcpy(&found, map.bytes().data(), sizeof found);
  const auto values = map.bytes().subspan(sizeof found);
  if (found.format != Header().format || found.key != key_ || found.audio_bytes != audio_bytes_ ||
      found.cols != cols_ || found.rows != values.size() / (sizeof(float) * cols_) ||
      values.size() != found.rows * cols_ * sizeof(float) || found.checksum != hash(text(values)))
    return std::nullopt;
  Matrix matrix(found.rows, found.cols);
  std::memcpy(matrix.values().data(), values.data(), values.size());
  return matrix;
} catch (const Error&) {
  return std::nullopt;  // not there, or not to be read
}

void DiskCache::Entry::write(const Matrix& matrix) const {
  const std::string_view values = text(std::as_bytes(matrix.values()));
  const Header header{.key = key_,
                      .audio_bytes = audio_bytes_,
                      .rows = matrix.rows(),
                      .cols = cols_,
                      .checksum = hash(values)};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  write_file(path_, bytes.append(values));
}

}  // namespace twinear
