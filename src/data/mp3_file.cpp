// SPDX-License-Identifier: Apache-2.0
#include "data/mp3_file.h"

#include <mpg123.h>

#include <array>
#include <fstream>
#include <string_view>

#include "twinear/error.h"

namespace twinear {
namespace {

struct Delete {
  void operator()(mpg123_handle* handle) const noexcept { mpg123_delete(handle); }
};

/// The number of frames stands in the first frame, behind "Xing", "Info" or "VBRI", which may
/// follow a tag.
bool has_length(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 10> tag{};
  file.read(tag.data(), tag.size());
  std::streamoff begin = 0;
  if (file && std::string_view(tag.data(), 3) == "ID3") {
    for (std::size_t i = 6; i < tag.size(); ++i)
      begin = begin << 7 | (static_cast<unsigned char>(tag[i]) & 0x7F);
    begin += static_cast<std::streamoff>(tag.size());
  }
  std::array<char, 256> frame{};
  file.clear();
  file.seekg(begin);
  file.read(frame.data(), frame.size());
  const std::string_view bytes(frame.data(), static_cast<std::size_t>(file.gcount()));
  for (const char* mark : {"Xing", "Info", "VBRI"})
    if (bytes.find(mark) != bytes.npos) return true;
  return false;
}

}  // namespace

struct Mp3File::State {
  std::string path;
  std::unique_ptr<mpg123_handle, Delete> handle;
  std::size_t samples = 0, channels = 0;
  bool says_its_length = false;

  [[noreturn]] void fail(const char* reason) const {
    throw Error(Fault::format, path + ": " + reason);
  }
};

Mp3File::Mp3File(const std::string& path) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.path = path;
  mpg123_init();  // does nothing in versions of today
  s.handle.reset(mpg123_new(nullptr, nullptr));
  mpg123_handle* mp3 = s.handle.get();
  if (mp3 == nullptr) s.fail("libmpg123 cannot be used");
  mpg123_param(mp3, MPG123_ADD_FLAGS, MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_IGNORE_INFOFRAME,
               0);
  mpg123_param(mp3, MPG123_RESYNC_LIMIT, -1, 0);  // over all that is no frame, to the end
  long rate = 0;
  int channels = 0, encoding = 0;
  if (mpg123_open(mp3, path.c_str()) != MPG123_OK ||
      mpg123_getformat(mp3, &rate, &channels, &encoding) != MPG123_OK)
    s.fail("no MPEG audio");
  mpg123_format_none(mp3);
  mpg123_format(mp3, rate, channels, MPG123_ENC_FLOAT_32);
  if (mpg123_scan(mp3) != MPG123_OK || mpg123_length(mp3) < 0) s.fail("no MPEG audio");
  s.samples = static_cast<std::size_t>(mpg123_length(mp3));
  s.channels = static_cast<std::size_t>(channels);
  s.says_its_length = has_length(path);
}
Mp3File::Mp3File(Mp3File&&) noexcept = default;
Mp3File::~Mp3File() = default;

std::size_t Mp3File::samples() const noexcept { return state_->samples; }
bool Mp3File::says_its_length() const noexcept { return state_->says_its_length; }

std::size_t Mp3File::read(std::span<float> to) {
  State& s = *state_;
  std::size_t bytes = 0;
  const int code = mpg123_read(s.handle.get(), reinterpret_cast<unsigned char*>(to.data()),
                               to.size_bytes(), &bytes);
  if (code == MPG123_NEW_FORMAT && bytes == 0)
    s.fail("its sample rate or its number of channels changes; convert it to WAV");
  return bytes / (sizeof(float) * s.channels);
}

void Mp3File::seek(std::size_t sample) {
  mpg123_seek(state_->handle.get(), static_cast<off_t>(sample), SEEK_SET);
}

}  // namespace twinear
