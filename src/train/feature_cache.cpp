// SPDX-License-Identifier: Apache-2.0
#include "train/feature_cache.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "features/front_end.h"
#include "linalg/onednn_info.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

/// What begins an entry; the features follow it. In the byte order of the machine.
struct Header {
  std::array<char, 16> format{'t', 'w', 'i', 'n', 'e', 'a', 'r', ' ', 'm', 'e', 'l', ' ', '1'};
  std::uint64_t key = 0, audio_bytes = 0, rows = 0, cols = 0;
  std::uint64_t checksum = 0;  // of the features
  std::uint64_t reserved = 0;  // features begin on 64 bytes
};
static_assert(sizeof(Header) == 64);

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The features of an entry that is whole and is the one meant.
std::optional<Matrix> read_entry(const std::string& path, const Header& meant) try {
  const FileMap map(path);
  Header found;
  if (map.bytes().size() < sizeof found) return std::nullopt;
  std::memcpy(&found, map.bytes().data(), sizeof found);
  const auto values = map.bytes().subspan(sizeof found);
  if (found.format != meant.format || found.key != meant.key ||
      found.audio_bytes != meant.audio_bytes || found.cols != meant.cols ||
      found.rows != values.size() / (sizeof(float) * meant.cols) ||
      values.size() != found.rows * meant.cols * sizeof(float) ||
      found.checksum != hash(text(values)))
    return std::nullopt;
  Matrix features(found.rows, found.cols);
  std::memcpy(features.values().data(), values.data(), values.size());
  return features;
} catch (const Error&) {
  return std::nullopt;  // not there, or not to be read
}

void write_entry(const std::string& path, Header header, const Matrix& features) {
  const std::string_view values = text(std::as_bytes(features.values()));
  header.rows = features.rows();
  header.checksum = hash(values);
  std::string entry(reinterpret_cast<const char*>(&header), sizeof header);
  write_file(path, entry.append(values));
}

}  // namespace

FeatureCache::FeatureCache(std::string folder, const LogMel& log_mel)
    : folder_(std::move(folder)),
      log_mel_(log_mel),
      specification_(hash(to_json(log_mel.front_end()) + onednn_isa())) {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) throw Error(Fault::io, folder_ + ": " + failure.message());
}

Matrix FeatureCache::read(const Clip& clip) const {
  if (clip.path.empty() || clip.holds_features()) return clip_features(clip, log_mel_).frames;
  Header header;
  {
    const FileMap audio(clip.path);
    header.audio_bytes = audio.bytes().size();
    const std::string part = fmt::format("{} {}", clip.start, clip.end);
    header.key = hash(part, hash(text(audio.bytes()), specification_));
  }
  header.cols = static_cast<std::uint64_t>(log_mel_.front_end().mel_bins);
  const std::string path = (fs::path(folder_) / (hex(header.key) + ".mel")).string();
  if (auto features = read_entry(path, header)) return *std::move(features);
  Matrix features = clip_features(clip, log_mel_).frames;
  write_entry(path, header, features);
  return features;
}

}  // namespace twinear
