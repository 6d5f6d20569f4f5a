// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace twinear {

/// A format of files that is known by how they begin.
struct FileFormat {
  std::string_view name;
  bool needs_ffmpeg;  ///< whether ffmpeg decodes it and libsndfile does not
};

/// The format, other than WAV, of a file that begins with these bytes, 12 of them or more; nullptr
/// for one that is not known.
const FileFormat* file_format(std::string_view bytes);

}  // namespace twinear
