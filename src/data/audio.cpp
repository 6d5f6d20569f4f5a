// SPDX-License-Identifier: Apache-2.0
#include "twinear/audio.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/lanes.h"
#include "data/channel_mixer.h"
#include "data/file_format.h"
#include "data/mp3_file.h"
#include "twinear/error.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

constexpr int min_rate = 1000, max_rate = 768000;          // Hz
constexpr std::size_t max_samples = std::size_t{1} << 30;  // 18 hours at 16 kHz
// the most samples that are reserved because a header claims them
constexpr std::size_t max_reserve = std::size_t{1} << 22;
// seconds that an end may lie beyond the end of the file, as in Kaldi
constexpr double overshoot = 0.5;

TWINEAR_SIMD bool all_finite(const float* samples, std::size_t count) {
  std::uint32_t highest = 0;
  for (std::size_t i = 0; i < count; ++i)
    highest = std::max(highest, std::bit_cast<std::uint32_t>(samples[i]) & 0x7fffffffU);
  return highest < 0x7f800000U;  // the bits of infinity
}

TWINEAR_SIMD void scale_16_bits(const std::int16_t* pcm16, std::size_t count, float* samples) {
  for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<float>(pcm16[i]) / 32768.0F;
}

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

/// Whether the file has a container format that libsndfile cannot read but ffmpeg can. The content
/// of a pipe is not examined, since its beginning was consumed.
bool needs_ffmpeg(const std::string& path) {
  using namespace std::string_view_literals;
  static constexpr std::array extensions{".m4a"sv, ".mp4"sv, ".aac"sv, ".wma"sv, ".webm"sv,
                                         ".amr"sv, ".mkv"sv, ".mka"sv, ".3gp"sv, ".ape"sv,
                                         ".wv"sv,  ".ac3"sv, ".mov"sv};
  if (std::ranges::find(extensions, lower_extension(path)) != extensions.end()) return true;
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return false;
  std::array<char, 12> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const FileFormat* format = file_format({head.data(), head.size()});  // under any name
  return format != nullptr && format->needs_ffmpeg;
}

/// A word of the shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'')
      text += "'\\''";
    else
      text += c;
  }
  return text + "'";
}

/// The command that makes a file that libsndfile reads, of another name.
std::string advice(const std::string& path) {
  fs::path wav = fs::path(path).replace_extension(".wav");
  if (wav == fs::path(path)) wav.replace_filename(wav.stem().string() + "-converted.wav");
  const std::string here = path.starts_with('-') ? "./" : "";
  return fmt::format("ffmpeg -i {} {}", quoted(here + path), quoted(here + wav.string()));
}

File open_audio(const std::string& path, SF_INFO& info) {
  if (path.find('\0') != path.npos)
    refuse(path.c_str(), Fault::io, "a file name with a zero byte; expected one without");
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
           "a container that is not decoded here; convert it: " + advice(path));
  std::string reason = sf_strerror(nullptr);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) reason.pop_back();
  refuse(path, Fault::format,
         fmt::format("not readable as audio ({}); expected WAV, FLAC, Ogg, MP3, AIFF or another "
                     "format of libsndfile",
                     reason));
}

/// The first whole number in `text`.
std::uint64_t next_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Throws for a truncated file. libsndfile reads such a file as a shorter one, but writes a line to
/// its log for the chunk with the samples: "data : 32000 (should be 15978)".
void refuse_cut_file(const std::string& path, SNDFILE* file, const SF_INFO& info) {
  if ((info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG && info.frames == SF_COUNT_MAX)
    refuse(path, Fault::format, "cut short: the stream has no last page");
  // the header of a stream does not know its length and claims this or more
  constexpr std::uint64_t unknown_length = 0x7ffff000;
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
    const std::uint64_t claimed = next_number(line);
    const std::uint64_t there = next_number(line.substr(at));
    if (claimed > there && claimed < unknown_length)
      refuse(path, Fault::format,
             fmt::format("cut short: the header claims {} bytes of samples, found {}", claimed,
                         there));
  }
}

bool is_mpeg(const SF_INFO& info) { return (info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG; }

/// For an MPEG file that libsndfile would not decode to its end, or take for cut short, because it
/// estimated its length: the reader of all of it, whose length replaces the estimate.
std::optional<Mp3File> whole_mp3(const std::string& path, SF_INFO& info) {
  std::error_code code;
  if (!is_mpeg(info) || !fs::is_regular_file(path, code)) return std::nullopt;
  Mp3File file(path);
  // A header with the length leaves out itself, and what the encoder added at both ends.
  constexpr sf_count_t added = sf_count_t{4} * 1152;
  const auto there = static_cast<sf_count_t>(file.samples());
  if (file.says_its_length() && there <= info.frames + added) return std::nullopt;
  info.frames = there;
  return file;
}

/// The frames of the file that are read.
struct FrameRange {
  sf_count_t begin, end;
};

/// The number of frames of the file, or SF_COUNT_MAX if it is unknown: a program that writes into a
/// pipe leaves the largest length in the header.
sf_count_t length_of(const SF_INFO& info) {
  constexpr sf_count_t unknown_bytes = 0x7ffff000, widest_sample = 8;
  const bool unknown =
      info.seekable == 0 && info.frames >= unknown_bytes / (widest_sample * info.channels);
  return unknown ? SF_COUNT_MAX : info.frames;
}

FrameRange frame_range(const std::string& path, const SF_INFO& info, const ReadOptions& options) {
  const double rate = info.samplerate, length = static_cast<double>(length_of(info));
  const double begin = std::round(options.start * rate);
  const double end = options.end == 0 ? length : std::round(options.end * rate);
  if (!(begin >= 0 && begin < end && begin < length && end <= length + overshoot * rate))
    refuse(path, Fault::config,
           fmt::format("{} were asked for; the file has {:.2f} s",
                       options.end == 0 ? fmt::format("{} s to the end", options.start)
                                        : fmt::format("{} to {} s", options.start, options.end),
                       length / rate));
  return {static_cast<sf_count_t>(begin),
          end < length ? static_cast<sf_count_t>(end) : length_of(info)};
}

File open_checked(const std::string& path, const ReadOptions& options, SF_INFO& info) {
  if (options.channel < -1) throw std::invalid_argument("AudioReader: channel must be -1 or more");
  File file = open_audio(path, info);
  refuse_cut_file(path, file.get(), info);
  if (info.samplerate < min_rate || info.samplerate > max_rate)
    refuse(path, Fault::format,
           fmt::format("sample rate of {} Hz; expected {} to {}", info.samplerate, min_rate,
                       max_rate));
  if (options.channel >= info.channels)
    refuse(path, Fault::config,
           fmt::format("channel {} was asked for, counted from 0; the file has {}", options.channel,
                       info.channels));
  if (info.frames == 0) refuse(path, Fault::format, "0 samples after decoding");
  return file;
}

}  // namespace

struct AudioReader::State {
  State(std::string from, const ReadOptions& options)
      : path(std::move(from)),
        file(open_checked(path, options, info)),
        mp3(whole_mp3(path, info)),
        range(frame_range(path, info, options)),
        at(range.begin),
        mixer(static_cast<std::size_t>(info.channels), options.channel) {
    if (mp3)
      mp3->seek(static_cast<std::size_t>(at));
    else if (at > 0 && sf_seek(file.get(), at, SEEK_SET) != at)
      refuse(path, Fault::format, fmt::format("frame {} cannot be reached", at));
  }

  /// Decodes the next block of frames. 16-bit samples are read as they are stored and scaled here,
  /// which gives the same values four times as fast as libsndfile.
  std::vector<float> decode() {
    std::vector<float> to(mixer.block() * mixer.channels());
    const auto max_frames = std::min(static_cast<sf_count_t>(mixer.block()), range.end - at);
    sf_count_t got = 0;
    if (mp3) {
      const auto most = static_cast<std::size_t>(max_frames) * mixer.channels();
      got = static_cast<sf_count_t>(mp3->read(std::span(to).first(most)));
    } else if ((info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16 &&
               (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_FLAC) {
      pcm16.resize(to.size());
      got = sf_readf_short(file.get(), pcm16.data(), max_frames);
      scale_16_bits(pcm16.data(), static_cast<std::size_t>(got) * mixer.channels(), to.data());
    } else {
      got = sf_readf_float(file.get(), to.data(), max_frames);
    }
    at += got;
    to.resize(static_cast<std::size_t>(got) * mixer.channels());
    return to;
  }

  void refuse_early_end() const {
    // The length of an MPEG stream from a pipe is an estimate.
    const bool to_unknown_end = range.end == SF_COUNT_MAX || (is_mpeg(info) && info.seekable == 0);
    if (at < range.end && !to_unknown_end)
      refuse(path, Fault::format,
             fmt::format("cut short: expected {} samples, decoded {}", range.end - range.begin,
                         at - range.begin));
    if (at == range.begin) refuse(path, Fault::format, "0 samples after decoding");
  }

  std::string path;
  SF_INFO info{};
  File file;
  std::optional<Mp3File> mp3;  // reads in place of libsndfile
  FrameRange range;
  sf_count_t at;  // index of the next frame
  ChannelMixer mixer;
  std::vector<std::int16_t> pcm16;  // 16-bit samples
};

AudioReader::AudioReader(const std::string& path, const ReadOptions& options)
    : state_(std::make_unique<State>(path, options)) {}
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;
AudioReader::~AudioReader() = default;

int AudioReader::sample_rate() const noexcept { return state_->info.samplerate; }
std::size_t AudioReader::expected_samples() const noexcept {
  return static_cast<std::size_t>(state_->range.end - state_->range.begin);
}
int AudioReader::channels() const noexcept { return state_->info.channels; }

std::vector<float> AudioReader::read() {
  State& s = *state_;
  const sf_count_t from = s.at;
  std::vector<float> samples = s.decode();
  if (samples.empty()) s.refuse_early_end();
  if (s.mixer.channels() > 1) samples = s.mixer(samples);
  if (!all_finite(samples.data(), samples.size())) {
    const auto bad = std::ranges::find_if_not(samples, [](float x) { return std::isfinite(x); });
    refuse(s.path, Fault::format,
           fmt::format("sample {} is not finite", from + (bad - samples.begin())));
  }
  return samples;
}

int AudioReader::silent_channels() const noexcept { return state_->mixer.silent_channels(); }
bool AudioReader::channels_cancel() const noexcept { return state_->mixer.cancels(); }

Waveform read_audio(const std::string& path, const ReadOptions& options) {
  AudioReader reader(path, options);
  Waveform waveform{reader.sample_rate(), reader.read()};
  std::vector<float>& samples = waveform.samples;
  samples.reserve(std::min(reader.expected_samples(), max_reserve));
  for (;;) {
    const std::vector<float> next = reader.read();
    if (next.empty()) return waveform;
    if (samples.size() + next.size() > max_samples)
      refuse(path, Fault::format,
             fmt::format("more than {} samples; read it in parts", max_samples));
    samples.insert(samples.end(), next.begin(), next.end());
  }
}

}  // namespace twinear
