// SPDX-License-Identifier: Apache-2.0
#include "data/pcm_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "data/file_format.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t max_header = 1U << 16U;
// programs that write into a pipe do not know the size and claim this or more
constexpr std::uint32_t unknown_size = 0x7FFFF000;
constexpr float max_amplitude = 100.0F;
constexpr int max_rate = 768'000, max_channels = 1024;

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = width; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

PcmFormat wav_format(std::string_view chunk) {
  constexpr std::uint32_t pcm = 1, ieee_float = 3, extensible = 0xFFFE;
  constexpr std::size_t min_size = 16, subformat = 24;
  std::uint32_t kind = 0, bits = 0;
  PcmFormat format;
  if (chunk.size() >= min_size) {
    kind = number(chunk, 0, 2);
    format.channels = static_cast<int>(number(chunk, 2, 2));
    format.sample_rate = static_cast<int>(std::min(number(chunk, 4, 4), 0x7FFFFFFFU));
    bits = number(chunk, 14, 2);
    if (kind == extensible && chunk.size() >= subformat + 2) kind = number(chunk, subformat, 2);
  }
  const bool known = (kind == pcm && bits == 16) || (kind == ieee_float && bits == 32);
  if (!known || format.channels < 1 || format.channels > max_channels || format.sample_rate < 1 ||
      format.sample_rate > max_rate)
    throw Error(Fault::format,
                fmt::format("WAV of format code {}, {} bits, {} channels, {} Hz; expected "
                            "16-bit samples or 32-bit floats",
                            kind, bits, format.channels, format.sample_rate));
  format.sample = bits == 16 ? PcmFormat::Sample::s16 : PcmFormat::Sample::f32;
  return format;
}

/// The bytes from a header of MPEG layer III to the next; 0 where there is no such header.
std::size_t mp3_frame(std::string_view bytes) {
  constexpr std::size_t kbits[2][16] = {
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},     // version 2
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}  // version 1
  };
  constexpr std::size_t rates[4] = {44100, 48000, 32000, 0};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(bytes[i]) & 0xFFU; };
  const unsigned version = byte(1) >> 3U & 3U;  // 3: 1, 2: 2, 0: 2.5
  if (byte(0) != 0xFF || (byte(1) & 0xE6U) != 0xE2U || version == 1) return 0;
  const std::size_t first = version == 3 ? 1 : 0;
  const std::size_t rate = rates[byte(2) >> 2U & 3U] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  const std::size_t kbit = kbits[first][byte(2) >> 4U];
  if (rate == 0 || kbit == 0) return 0;
  return (first == 1 ? 144'000 : 72'000) * kbit / rate + (byte(2) >> 1U & 1U);
}

}  // namespace

bool PcmStream::parse_header() {
  constexpr std::size_t riff_header = 12, chunk_header = 8;
  const std::string_view bytes = buffer_;
  if (bytes.size() < riff_header) return false;
  if (const FileFormat* format = file_format(bytes); format != nullptr)
    throw Error(Fault::format,
                fmt::format("{}; expected a WAV file or samples without a header", format->name));
  if (const std::size_t next = mp3_frame(bytes); next > 0) {  // perhaps samples that look like it
    if (bytes.size() < next + 4) return false;
    if (mp3_frame(bytes.substr(next, 4)) > 0)
      throw Error(Fault::format, "MP3; expected a WAV file or samples without a header");
  }
  constexpr std::string_view riff = "RIFF";
  if (bytes.substr(0, 4) != riff) return true;
  if (bytes.substr(8, 4) != "WAVE") return true;
  std::optional<PcmFormat> format;
  for (std::size_t at = riff_header; at + chunk_header <= bytes.size();) {
    const std::string_view kind = bytes.substr(at, 4);
    const std::uint32_t size = number(bytes, at + 4, 4);
    at += chunk_header;
    if (kind == "data") {
      if (!format) throw Error(Fault::format, "WAV with a data chunk before its fmt chunk");
      format_ = *format;
      if (size > 0 && size < unknown_size) remaining_ = size;
      buffer_.erase(0, at);
      return true;
    }
    if (kind == "fmt " && at + size <= bytes.size()) format = wav_format(bytes.substr(at, size));
    at += std::size_t{size} + size % 2;
  }
  if (bytes.size() > max_header)
    throw Error(Fault::format, "WAV without samples in its first 64 KiB");
  return false;
}

std::vector<float> PcmStream::push(std::span<const char> bytes) {
  buffer_.append(bytes.data(), bytes.size());
  if (!started_) started_ = parse_header();
  if (!started_) return {};
  if (remaining_ && buffer_.size() > *remaining_)
    buffer_.resize(*remaining_);  // chunks after the samples are not sound

  if (!mixer_) mixer_.emplace(static_cast<std::size_t>(format_.channels), -1);
  const bool floats = format_.sample == PcmFormat::Sample::f32;
  const std::size_t width = floats ? 4 : 2, frame = width * mixer_->channels();
  const std::size_t used = buffer_.size() / frame * frame;
  for (std::size_t at = 0; at < used; at += width) {
    const std::uint32_t word = number(buffer_, at, width);
    waiting_.push_back(floats ? std::bit_cast<float>(word)
                              : static_cast<float>(static_cast<std::int16_t>(word)) / 32768.0F);
  }
  buffer_.erase(0, used);
  if (remaining_) *remaining_ -= used;
  return mix(false);
}

std::vector<float> PcmStream::finish() {
  if (!started_ && !buffer_.empty()) {
    if (buffer_.starts_with("RIFF")) throw Error(Fault::format, "WAV that ends within its header");
    started_ = true;  // a few samples
    std::vector<float> samples = push({});
    const std::vector<float> last = mix(true);
    samples.insert(samples.end(), last.begin(), last.end());
    return samples;
  }
  return mix(true);
}

/// Mixes the frames that wait: whole blocks until the mixer has decided, and then all of them.
std::vector<float> PcmStream::mix(bool ended) {
  std::vector<float> samples;
  std::span<const float> frames = waiting_;
  while (!frames.empty()) {
    const std::size_t block = mixer_->block() * mixer_->channels();
    if (!mixer_->decided() && !ended && frames.size() < block) break;
    const auto next = frames.first(std::min(block, frames.size()));
    const std::vector<float> mixed = (*mixer_)(next);
    samples.insert(samples.end(), mixed.begin(), mixed.end());
    frames = frames.subspan(next.size());
  }
  waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(frames.size()));
  for (float& sample : samples) {
    if (std::abs(sample) <= max_amplitude) continue;
    sample = 0;
    ++invalid_samples_;
  }
  return samples;
}

}  // namespace twinear
