// SPDX-License-Identifier: Apache-2.0
#include "twinear/audio.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/expect_error.h"
#include "base/files.h"
#include "data/sound_file.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

constexpr int wav16 = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
constexpr int wav_float = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
constexpr int flac16 = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;

TEST(ReadAudio, DecodesEveryFormatOfLibsndfile) {
  const TemporaryFolder folder;
  const auto samples = tone(16000, 440, 16000);
  struct Case {
    const char* name;
    int format;
    double tolerance;
  };
  const std::vector<Case> cases{{"a.wav", wav16, 1e-4},
                                {"b.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1e-6},
                                {"c.wav", wav_float, 0},
                                {"d.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 2e-2},
                                {"e.wav", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1e-4},
                                {"f.flac", flac16, 1e-4},
                                {"g.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 1e-4},
                                {"h.au", SF_FORMAT_AU | SF_FORMAT_PCM_16, 1e-4},
                                {"i.w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 1e-4},
                                {"j.caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 1e-4},
                                {"k.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 5e-2},
                                {"l.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 5e-2},
                                {"without_extension", flac16, 1e-4}};
  for (const auto& [name, format, tolerance] : cases) {
    const Waveform read = read_audio(write_sound(folder / name, {.format = format}, samples));
    EXPECT_EQ(read.sample_rate, 16000) << name;
    ASSERT_EQ(read.samples.size(), samples.size()) << name;
    for (std::size_t i = 2000; i < 14000; ++i)  // codecs fade in
      ASSERT_NEAR(read.samples[i], samples[i], tolerance) << name << " at " << i;
  }
}

TEST(ReadAudio, DecodesMp3) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.mp3";
  write_sound(path, {.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}, tone(16000, 440, 16000));
  const Waveform read = read_audio(path);
  EXPECT_EQ(read.sample_rate, 16000);
  EXPECT_NEAR(read.seconds(), 1.0, 0.1);
  EXPECT_NEAR(*std::ranges::max_element(read.samples), 0.5, 0.05);
}

// Of files without a header for their length, libsndfile estimates it by the first frame.
TEST(ReadAudio, HearsMp3ToItsEndWhateverAHeaderSays) {
  const TemporaryFolder folder;
  const auto mp3 = [&](const char* name, double hz) {
    write_sound(folder / name, {.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
                tone(32000, hz, 16000));
    return read_file(folder / name);
  };
  const std::string low = mp3("low.mp3", 300), high = mp3("high.mp3", 3000);
  const double whole = read_audio(folder / "low.mp3").seconds();
  put(folder / "joined.mp3", low + high);
  const Waveform joined = read_audio(folder / "joined.mp3");
  EXPECT_NEAR(joined.seconds(), 2 * whole, 0.3);  // what encoders add is heard, too
  EXPECT_NEAR(*std::max_element(joined.samples.end() - 30000, joined.samples.end()), 0.5, 0.05);

  // The frame behind the one with the length begins with the same header.
  const std::size_t second = low.find(low.substr(0, 2), 4);
  put(folder / "bare.mp3", low.substr(second));
  put(folder / "cut.mp3", low.substr(second, (low.size() - second) / 2));
  EXPECT_NEAR(read_audio(folder / "bare.mp3").seconds(), whole, 0.2);
  EXPECT_NEAR(read_audio(folder / "cut.mp3").seconds(), whole / 2, 0.2);
  const Waveform part = read_audio(folder / "joined.mp3", {.start = 3.0, .end = 3.5});
  EXPECT_EQ(part.samples.size(), 8000U);
  EXPECT_NEAR(*std::ranges::max_element(part.samples), 0.5, 0.05);
}

TEST(ReadAudio, AveragesTheChannelsOrTakesOne) {
  const TemporaryFolder folder;
  const SoundFile stereo{.format = wav_float, .channels = 2};
  const std::string path =
      write_sound(folder / "a.wav", stereo, std::vector<float>{1.0F, 0.0F, 0.5F, -0.5F});
  EXPECT_EQ(read_audio(path).samples, (std::vector<float>{0.5F, 0.0F}));
  EXPECT_EQ(read_audio(path, {.channel = 0}).samples, (std::vector<float>{1.0F, 0.5F}));
  EXPECT_EQ(read_audio(path, {.channel = 1}).samples, (std::vector<float>{0.0F, -0.5F}));
  expect_error([&] { read_audio(path, {.channel = 2}); }, Fault::config,
               path + ": channel 2 was asked for, counted from 0; the file has 2");
  EXPECT_THROW(read_audio(path, {.channel = -2}), std::invalid_argument);
}

TEST(ReadAudio, DecodesEightChannelsAt96Kilohertz) {
  const TemporaryFolder folder;
  std::vector<float> samples;
  for (int i = 0; i < 96000; ++i)
    for (int c = 0; c < 8; ++c) samples.push_back(static_cast<float>(c) / 8.0F);
  const std::string path = write_sound(folder / "a.wav", {.rate = 96000, .channels = 8}, samples);
  const Waveform read = read_audio(path);
  EXPECT_EQ(read.sample_rate, 96000);
  ASSERT_EQ(read.samples.size(), 96000U);
  EXPECT_NEAR(read.samples[95999], 0.4375, 1e-4);
}

TEST(ReadAudio, ReadsThePartAskedFor) {
  const TemporaryFolder folder;
  const auto samples = tone(32000, 300, 16000);
  for (const int format : {wav_float, flac16}) {
    const std::string path = write_sound(folder / "a", {.format = format}, samples);
    const auto whole = read_audio(path).samples;
    const auto part = read_audio(path, {.start = 0.25, .end = 1.5}).samples;
    ASSERT_EQ(part.size(), 20000U);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 4000));
    EXPECT_EQ(read_audio(path, {.start = 1.75}).samples.size(), 4000U);
    EXPECT_EQ(read_audio(path, {.start = 1.75, .end = 2.4}).samples.size(), 4000U);
  }
}

TEST(ReadAudio, RefusesAPartThatTheFileLacks) {
  const TemporaryFolder folder;
  const std::string path = write_sound(folder / "a.wav", {}, tone(16000, 300, 16000));
  const auto asked = [&](double start, double end) {
    return [&path, start, end] { read_audio(path, {.start = start, .end = end}); };
  };
  expect_error(asked(0.5, 1.6), Fault::config,
               path + ": 0.5 to 1.6 s were asked for; the file has 1.00 s");
  expect_error(asked(1.0, 0.0), Fault::config,
               path + ": 1 s to the end were asked for; the file has 1.00 s");
  expect_error(asked(0.5, 0.5), Fault::config, path + ": 0.5 to 0.5 s were asked for*");
  expect_error(asked(-0.1, 0.5), Fault::config, path + ": -0.1 to 0.5 s were asked for*");
  expect_error(asked(std::nan(""), 0.5), Fault::config, path + ": nan to 0.5 s were asked for*");
}

TEST(ReadAudio, RefusesWhatIsNoAudio) {
  const TemporaryFolder folder;
  expect_error([&] { read_audio(folder / "none.wav"); }, Fault::io,
               folder / "none.wav: No such file or directory");
  std::filesystem::create_directory(folder / "folder.wav");
  expect_error([&] { read_audio(folder / "folder.wav"); }, Fault::io,
               folder / "folder.wav: is a folder; expected an audio file");
  put(folder / "empty.wav", "");
  expect_error([&] { read_audio(folder / "empty.wav"); }, Fault::format,
               folder / "empty.wav: empty (0 bytes); expected an audio file");
  put(folder / "text.wav", "not a sound\n");
  expect_error([&] { read_audio(folder / "text.wav"); }, Fault::format,
               folder / "text.wav: not readable as audio (Format not recognised); expected WAV*");
  put(folder / "silent.wav", WavBytes{.data_size = 0, .there = 0}());
  expect_error([&] { read_audio(folder / "silent.wav"); }, Fault::format,
               folder / "silent.wav: 0 samples after decoding");
}

TEST(ReadAudio, NamesTheCommandThatConvertsWhatOthersDecode) {
  const TemporaryFolder folder;
  const auto advised = [&](const std::string& name, const std::string& bytes,
                           const std::string& from, const std::string& to) {
    put(folder / name, bytes);
    expect_error([&] { read_audio(folder / name); }, Fault::format,
                 (folder / name) +
                     ": a container that is not decoded here; convert it: ffmpeg -i " + from + " " +
                     to);
  };
  advised("a.m4a", "anything", folder / "a.m4a", folder / "a.wav");
  advised("mkv", "\x1A\x45\xDF\xA3 and more", folder / "mkv", folder / "mkv.wav");
  // Another name than that of the file that is read, and words as a shell takes them.
  advised("renamed.wav", std::string("\0\0\0\x18", 4) + "ftypM4A ", folder / "renamed.wav",
          folder / "renamed-converted.wav");
  advised("Ann's voice.webm", "anything", "'" + (folder / "Ann'\\''s voice.webm") + "'",
          "'" + (folder / "Ann'\\''s voice.wav") + "'");
}

TEST(ReadAudio, RefusesAFileThatWasCutShort) {
  const TemporaryFolder folder;
  struct Case {
    const char* name;
    int format;
    const char* message;
  };
  const std::vector<Case> cases{
      {"a.wav", wav16, "cut short: the header claims 320000 bytes of samples, found 159978"},
      {"b.wav", wav_float, "cut short: the header claims 640000 bytes of samples, found *"},
      {"c.wav", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, "cut short: the header claims *"},
      {"d.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, "cut short: the header claims *"},
      {"e.au", SF_FORMAT_AU | SF_FORMAT_PCM_16, "cut short: the header claims *"},
      {"f.w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, "cut short: the header claims *"},
      {"g.flac", flac16, "cut short: expected 160000 samples, decoded *"},
      {"h.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
       "cut short: expected 160000 samples, decoded *"},
      {"i.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, "cut short: the stream has no last page"},
      {"j.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, "cut short: the stream has no last page"},
      {"k.caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, "not readable as audio (*"}};
  const auto sound = tone(160000, 300, 16000);
  for (const auto& [name, format, message] : cases) {
    const std::string path = write_sound(folder / name, {.format = format}, sound);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    expect_error([&] { read_audio(path); }, Fault::format, path + ": " + message);
  }
}

TEST(ReadAudio, TakesAStreamWhoseLengthTheHeaderDoesNotKnow) {
  const TemporaryFolder folder;
  const std::string path = put(folder / "a.wav", WavBytes{.data_size = 0xffffffffU}());
  EXPECT_EQ(read_audio(path).samples.size(), 1600U);

  std::string flac =
      read_file(write_sound(folder / "b.flac", {.format = flac16}, tone(16000, 300, 16000)));
  flac[21] = static_cast<char>(flac[21] & 0xf0);  // 36 bits of STREAMINFO: the number of samples
  std::fill_n(flac.begin() + 22, 4, '\0');
  EXPECT_EQ(read_audio(put(folder / "c.flac", flac)).samples.size(), 16000U);
}

TEST(ReadAudio, RefusesSamplesThatAreNotFinite) {
  const TemporaryFolder folder;
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto samples = tone(16000, 300, 16000);
    samples[1234] = bad;
    const std::string path = write_sound(folder / "a.wav", {.format = wav_float}, samples);
    expect_error([&] { read_audio(path); }, Fault::format, path + ": sample 1234 is not finite");
  }
}

TEST(ReadAudio, DoesNotBelieveAHostileHeader) {
  const TemporaryFolder folder;
  const auto read = [&](const WavBytes& wav) {
    return [path = put(folder / "a.wav", wav())] { read_audio(path); };
  };
  const std::string path = folder / "a.wav";
  expect_error(read({.data_size = 0x70000000}), Fault::format,
               path + ": cut short: the header claims 1879048192 bytes of samples, found 3200");
  expect_error(read({.rate = 0x7fffffff}), Fault::format,
               path + ": sample rate of 2147483647 Hz; expected 1000 to 768000");
  expect_error(read({.rate = 1}), Fault::format, path + ": sample rate of 1 Hz*");
  expect_error(read({.rate = 0}), Fault::format, path + ": *");
  expect_error(read({.channels = 0}), Fault::format, path + ": *");
  expect_error(read({.channels = 65535}), Fault::format, path + ": *");

  std::string flac =
      read_file(write_sound(folder / "b.flac", {.format = flac16}, tone(16000, 300, 16000)));
  flac[21] = static_cast<char>(flac[21] | 0x0f);  // 2^36 - 1 samples: 256 GiB if believed
  std::fill_n(flac.begin() + 22, 4, '\xff');
  put(folder / "b.flac", flac);
  expect_error([&] { read_audio(folder / "b.flac"); }, Fault::format,
               folder / "b.flac: cut short: expected 68719476735 samples, decoded 16000");
}

TEST(WriteAudio, SixteenBitSamplesComeBackAsTheyWere) {
  const TemporaryFolder folder;
  Waveform all{8000, {}};
  for (int value = -32768; value < 32768; ++value)
    all.samples.push_back(static_cast<float>(value) / 32768.0F);
  for (const char* name : {"a.wav", "a.flac"}) {
    write_audio(folder / name, all);
    const Waveform read = read_audio(folder / name);
    EXPECT_EQ(read.sample_rate, 8000);
    EXPECT_EQ(read.samples, all.samples) << name;
  }
}

TEST(WriteAudio, ClipsWhatSixteenBitsCannotHold) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", {16000, {2.0F, -2.0F, 1.0F}});
  EXPECT_EQ(read_audio(folder / "a.wav").samples,
            (std::vector<float>{32767.0F / 32768.0F, -1.0F, 32767.0F / 32768.0F}));
}

TEST(WriteAudio, WritesTheWholeFileOrNone) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", {16000, {0.5F}});
  expect_error(
      [&] {
        write_audio(folder / "a.wav", {16000, {0.1F, std::nanf("")}});
      },
      Fault::numeric, folder / "a.wav: sample 1 is not finite");
  EXPECT_EQ(read_audio(folder / "a.wav").samples, std::vector<float>{0.5F});
  expect_error(
      [&] {
        write_audio(folder / "no/a.wav", {16000, {0.5F}});
      },
      Fault::io, folder / "no/a.wav: *");
  expect_error(
      [&] {
        write_audio(folder / "a.flac", {2000000, {0.5F}});
      },
      Fault::io, folder / "a.flac: *");
  expect_error(
      [&] {
        write_audio(folder / "a.ogg", {16000, {0.5F}});
      },
      Fault::config, folder / "a.ogg: unknown extension of an audio file; expected .wav or .flac");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder / ""))
    left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"a.wav"});
}

TEST(AudioReader, ItsPiecesAreTheWholeClip) {
  const TemporaryFolder folder;
  const std::vector<float> sound = tone(300000, 440.0, 16000.0);
  for (const int channels : {1, 2, 3}) {
    const auto path = write_sound(folder / "a.wav", {.channels = channels}, sound);
    const ReadOptions options{.channel = channels == 3 ? 1 : -1, .start = 0.5, .end = 6.0};
    AudioReader reader(path, options);
    EXPECT_EQ(reader.sample_rate(), 16000);
    EXPECT_EQ(reader.channels(), channels);
    std::vector<float> samples;
    for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) {
      EXPECT_LE(piece.size(), 32768U);
      samples.insert(samples.end(), piece.begin(), piece.end());
    }
    EXPECT_TRUE(reader.read().empty());
    EXPECT_EQ(samples, read_audio(path, options).samples);
  }
}

TEST(AudioReader, TakesTheFirstChannelWhereTheChannelsCancelOneAnother) {
  const TemporaryFolder folder;
  const std::vector<float> one = tone(16000, 440.0, 16000.0), other = tone(16000, 600.0, 16000.0);
  const auto read = [&](const std::vector<float>& second, float gain, const ReadOptions& options) {
    std::vector<float> sound(1000, 0.0F);  // silence in both says nothing
    for (std::size_t i = 0; i < one.size(); ++i)
      sound.insert(sound.end(), {one[i], gain * second[i]});
    AudioReader reader(write_sound(folder / "a.wav", {.channels = 2}, sound), options);
    auto samples = reader.read();
    return std::pair(reader.channels_cancel(), samples.at(500 + 100));
  };
  const float sample = read(one, 1.0F, {.channel = 0}).second;
  EXPECT_EQ(read(one, -1.0F, {}), std::pair(true, sample));
  EXPECT_EQ(read(one, -0.9F, {}), std::pair(true, sample));
  EXPECT_EQ(read(one, -1.0F, {.channel = 1}), std::pair(false, -sample));
  EXPECT_FALSE(read(one, 1.0F, {}).first);
  EXPECT_FALSE(read(one, 0.0F, {}).first);
  EXPECT_FALSE(read(other, -1.0F, {}).first);
}

TEST(AudioReader, CountsChannelsThatAreSilentBesideOthers) {
  const TemporaryFolder folder;
  const auto silent = [&](const std::vector<float>& frame) {
    std::vector<float> sound;
    for (int i = 0; i < 1000; ++i) sound.insert(sound.end(), frame.begin(), frame.end());
    AudioReader reader(
        write_sound(folder / "a.wav", {.channels = static_cast<int>(frame.size())}, sound));
    reader.read();
    return reader.silent_channels();
  };
  EXPECT_EQ(silent({0.5F, 0.0F}), 1);
  EXPECT_EQ(silent({0.0F, 0.0F, 0.25F}), 2);
  EXPECT_EQ(silent({0.5F, 0.25F}), 0);
  EXPECT_EQ(silent({0.0F, 0.0F}), 0);  // none of them has a signal
  EXPECT_EQ(silent({0.0F}), 0);
}

}  // namespace
}  // namespace twinear
