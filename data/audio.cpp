// SPDX-License-Identifier: Apache-2.0
#include "twinear/audio.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string_view>

#include "twinear/error.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

constexpr int lowest_rate = 1000, highest_rate = 768000;       // Hz
constexpr std::size_t most_samples = std::size_t{1} << 30;     // 18 hours at 16 kHz
constexpr std::size_t trusted_samples = std::size_t{1} << 22;  // reserved at a header's word
constexpr std::size_t block_floats = std::size_t{1} << 16;     // decoded at a time
constexpr double overshoot = 0.5;  // seconds that an end may lie past the file's, as in Kaldi

struct Close {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

[[noreturn]] void refuse(const std::string& path, Fault fault, const std::string& found) {
  throw Error(fault, path + ": " + found);
}

std::string lower_extension(const std::string& path) {
  std::string extension = fs::path(path).extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

/// Containers that libsndfile never reads, and which people have all the same.
bool needs_ffmpeg(const std::string& path) {
  static constexpr std::array<std::string_view, 6> extensions{".m4a", ".mp4",  ".aac",
                                                              ".wma", ".webm", ".amr"};
  if (std::ranges::find(extensions, lower_extension(path)) != extensions.end()) return true;
  std::array<char, 8> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  return std::string_view(head.data() + 4, 4) == "ftyp";  // MPEG-4 under any name
}

File open_audio(const std::string& path, SF_INFO& info) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (code) refuse(path, Fault::io, code.message());
  if (fs::is_directory(status)) refuse(path, Fault::io, "is a folder; expected an audio file");
  if (fs::is_regular_file(status) && fs::file_size(path, code) == 0 && !code)
    refuse(path, Fault::format, "empty (0 bytes); expected an audio file");

  File file(sf_open(path.c_str(), SFM_READ, &info));
  if (file) return file;
  if (needs_ffmpeg(path))
    refuse(path, Fault::format,
           fmt::format("a container that is not decoded here; convert it: ffmpeg -i {} {}", path,
                       fs::path(path).replace_extension(".wav").string()));
  std::string reason = sf_strerror(nullptr);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) reason.pop_back();
  refuse(path, Fault::format,
         fmt::format("not readable as audio ({}); expected WAV, FLAC, Ogg, MP3, AIFF or another "
                     "format of libsndfile",
                     reason));
}

/// The whole number that comes next, whatever stands before it.
std::uint64_t next_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// libsndfile shortens a cut file in silence, but logs for the chunk that holds the samples
/// "data : 32000 (should be 15978)".
void refuse_cut_file(const std::string& path, SNDFILE* file, const SF_INFO& info) {
  if ((info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG && info.frames == SF_COUNT_MAX)
    refuse(path, Fault::format, "cut short: the stream has no last page");
  constexpr std::uint64_t placeholder = 0x7ffff000;  // and above: a stream of unknown length
  std::array<char, 1 << 14> log{};
  sf_command(file, SFC_GET_LOG_INFO, log.data(), static_cast<int>(log.size()));
  std::string_view rest(log.data());
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto at = line.find("(should be ");
    const bool of_samples = line.starts_with("data") || line.starts_with("SSND") ||
                            line.starts_with("Data Size") || line.starts_with("Riff size") ||
                            line.starts_with("riff");
    if (at == line.npos || !of_samples) continue;
    const std::uint64_t promised = next_number(line);
    const std::uint64_t there = next_number(line.substr(at));
    if (promised > there && promised < placeholder)
      refuse(path, Fault::format,
             fmt::format("cut short: the header promises {} bytes of samples, found {}", promised,
                         there));
  }
}

/// The frames of the file that were asked for.
struct Part {
  sf_count_t begin, end;
};

Part part_of(const std::string& path, const SF_INFO& info, const ReadOptions& options) {
  const double rate = info.samplerate, length = static_cast<double>(info.frames);
  const double begin = std::round(options.start * rate);
  const double end = options.end == 0 ? length : std::round(options.end * rate);
  if (!(begin >= 0 && begin < end && begin < length && end <= length + overshoot * rate))
    refuse(path, Fault::config,
           fmt::format("{} were asked for; the file has {:.2f} s",
                       options.end == 0 ? fmt::format("{} s to the end", options.start)
                                        : fmt::format("{} to {} s", options.start, options.end),
                       length / rate));
  return {static_cast<sf_count_t>(begin),
          end < length ? static_cast<sf_count_t>(end) : info.frames};
}

/// Appends one sample for each frame of `block`.
void mix(std::span<const float> block, std::size_t channels, int channel,
         std::vector<float>& samples) {
  if (channels == 1) {
    samples.insert(samples.end(), block.begin(), block.end());
    return;
  }
  for (; !block.empty(); block = block.subspan(channels)) {
    const auto frame = block.first(channels);
    samples.push_back(channel >= 0 ? frame[static_cast<std::size_t>(channel)]
                                   : std::accumulate(frame.begin(), frame.end(), 0.0F) /
                                         static_cast<float>(channels));
  }
}

/// Decodes in blocks, so that memory follows what is there and not what a header says.
std::vector<float> decode(const std::string& path, SNDFILE* file, std::size_t channels, Part part,
                          int channel) {
  if (part.begin > 0 && sf_seek(file, part.begin, SEEK_SET) != part.begin)
    refuse(path, Fault::format, fmt::format("frame {} cannot be reached", part.begin));
  const std::size_t block_frames = std::max<std::size_t>(1, block_floats / channels);
  std::vector<float> block(block_frames * channels), samples;
  auto left = part.end - part.begin;
  samples.reserve(std::min(static_cast<std::size_t>(left), trusted_samples));
  while (left > 0) {
    const auto got =
        sf_readf_float(file, block.data(), std::min(left, static_cast<sf_count_t>(block_frames)));
    if (got <= 0) break;
    left -= got;
    mix(std::span(block).first(static_cast<std::size_t>(got) * channels), channels, channel,
        samples);
    if (samples.size() > most_samples)
      refuse(path, Fault::format,
             fmt::format("more than {} samples; read it in parts", most_samples));
  }
  const auto bad = std::ranges::find_if_not(samples, [](float x) { return std::isfinite(x); });
  if (bad != samples.end())
    refuse(path, Fault::format,
           fmt::format("sample {} is not finite", part.begin + (bad - samples.begin())));
  return samples;
}

}  // namespace

Waveform read_audio(const std::string& path, const ReadOptions& options) {
  if (options.channel < -1) throw std::invalid_argument("read_audio: channel must be -1 or more");
  SF_INFO info{};
  const File file = open_audio(path, info);
  refuse_cut_file(path, file.get(), info);
  if (info.samplerate < lowest_rate || info.samplerate > highest_rate)
    refuse(path, Fault::format,
           fmt::format("sample rate of {} Hz; expected {} to {}", info.samplerate, lowest_rate,
                       highest_rate));
  if (options.channel >= info.channels)
    refuse(path, Fault::config,
           fmt::format("channel {} was asked for, counted from 0; the file has {}", options.channel,
                       info.channels));
  if (info.frames == 0) refuse(path, Fault::format, "0 samples after decoding");

  const Part part = part_of(path, info, options);
  Waveform waveform{
      info.samplerate,
      decode(path, file.get(), static_cast<std::size_t>(info.channels), part, options.channel)};
  const auto decoded = static_cast<sf_count_t>(waveform.samples.size());
  const bool to_unknown_end = part.end == SF_COUNT_MAX;
  if (decoded < part.end - part.begin && !to_unknown_end)
    refuse(path, Fault::format,
           fmt::format("cut short: {} samples were expected, {} could be decoded",
                       part.end - part.begin, decoded));
  if (decoded == 0) refuse(path, Fault::format, "0 samples after decoding");
  return waveform;
}

}  // namespace twinear
