// SPDX-License-Identifier: Apache-2.0
#include "data/file_format.h"

#include <cstddef>

namespace twinear {

const FileFormat* file_format(std::string_view bytes) {
  using namespace std::string_view_literals;
  struct Beginning {
    std::size_t at;
    std::string_view mark;
    FileFormat format;
  };
  static constexpr Beginning beginnings[] = {
      {0, "fLaC", {"FLAC", false}},
      {0, "OggS", {"Ogg", false}},
      {0, "ID3", {"MP3", false}},
      {0, "FORM", {"AIFF", false}},
      {0, ".snd", {"AU", false}},
      {0, "RF64", {"RF64", false}},
      {0, "RIFX", {"big-endian WAV", false}},
      {0, "riff", {"Wave64", false}},
      {0, "caff", {"CAF", false}},
      {0, "NIST_1A", {"NIST SPHERE", false}},
      {4, "ftyp", {"MPEG-4", true}},
      {0, "\x1A\x45\xDF\xA3", {"Matroska or WebM", true}},
      {0, "\x30\x26\xB2\x75", {"Windows Media", true}},
      {0, "#!AMR", {"AMR", true}},
      {0, "wvpk", {"WavPack", true}},
      {0, "MAC ", {"Monkey's Audio", true}},
      {0, "\x1F\x8B\x08"sv, {"a gzip archive", false}},
      {0, "PK\x03\x04", {"a zip archive", false}},
  };
  for (const auto& [at, mark, format] : beginnings)
    if (bytes.substr(at, mark.size()) == mark) return &format;
  return nullptr;
}

}  // namespace twinear
