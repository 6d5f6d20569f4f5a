// SPDX-License-Identifier: Apache-2.0
#include "data/pcm_stream.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/audio.h"

namespace twinear {
namespace {

template <class T>
std::string bytes(std::initializer_list<T> values) {
  std::string text;
  for (const T v : values) text.append(reinterpret_cast<const char*>(&v), sizeof v);
  return text;
}

std::string wav(std::uint16_t kind, std::uint16_t channels, std::uint32_t rate, std::uint16_t bits,
                const std::string& data, std::uint32_t size, const std::string& before = "") {
  const auto width = static_cast<std::uint16_t>(channels * bits / 8);
  return "RIFF" + bytes<std::uint32_t>({0x7FFFFFFF}) + "WAVE" + before + "fmt " +
         bytes<std::uint32_t>({16}) + bytes<std::uint16_t>({kind, channels}) +
         bytes<std::uint32_t>({rate, rate * width}) + bytes<std::uint16_t>({width, bits}) + "data" +
         bytes<std::uint32_t>({size}) + data;
}

/// What comes of the bytes in pieces of so many.
std::vector<float> samples(PcmStream& stream, const std::string& bytes, std::size_t at_once) {
  std::vector<float> all;
  for (std::size_t i = 0; i < bytes.size(); i += at_once) {
    const auto some = stream.push(std::span(bytes).subspan(i, std::min(at_once, bytes.size() - i)));
    all.insert(all.end(), some.begin(), some.end());
  }
  const auto last = stream.finish();
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

const std::string s16 = bytes<std::int16_t>({0, 16384, -32768, 32767});
const std::vector<float> as_floats{0, 0.5F, -1, 32767.0F / 32768.0F};

TEST(PcmStream, RawSamplesHoweverTheyAreCut) {
  for (const std::size_t at_once : {1, 2, 3, 5, 100}) {
    PcmStream stream({});
    EXPECT_EQ(samples(stream, s16, at_once), as_floats) << at_once;
  }
}

TEST(PcmStream, AnOddByteAtTheEndIsNoSample) {
  PcmStream stream({});
  EXPECT_EQ(samples(stream, s16 + "x", 3), as_floats);
}

TEST(PcmStream, ChannelsAreMixedDown) {
  PcmStream stream({.channels = 2});
  EXPECT_EQ(samples(stream, s16, 3), (std::vector<float>{0.25F, -0.5F / 32768.0F}));
}

TEST(PcmStream, OfChannelsThatCancelTheFirstIsTakenAsOfAFile) {
  const TemporaryFolder folder;
  constexpr std::size_t silence = 20000, frames = 50000;  // more than a block, and several
  std::string data;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto x = static_cast<std::int16_t>(i < silence ? 0 : 1000 + i % 77);
    data += bytes<std::int16_t>({x, static_cast<std::int16_t>(-x)});
  }
  const std::string file = wav(1, 2, 16000, 16, data, static_cast<std::uint32_t>(data.size()));
  write_file(folder / "inverted.wav", file);
  const std::vector<float> expected = read_audio(folder / "inverted.wav").samples;
  ASSERT_EQ(expected.size(), frames);
  EXPECT_NE(expected.back(), 0.0F);
  for (const std::size_t at_once : {1009, 40000, 1 << 20}) {
    PcmStream stream({});
    EXPECT_EQ(samples(stream, file, at_once), expected) << at_once;
  }
}

TEST(PcmStream, WhatIsNoNumberIsSilence) {
  PcmStream stream({.sample = PcmFormat::Sample::f32});
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(samples(stream, bytes<float>({0.5F, nan, 2.0F, -inf, 1e30F, 0.25F}), 3),
            (std::vector<float>{0.5F, 0, 2.0F, 0, 0, 0.25F}));
  EXPECT_EQ(stream.invalid_samples(), 3u);
}

TEST(PcmStream, AWavHeaderTakesPrecedence) {
  for (const std::size_t at_once : {1, 7, 1000}) {
    PcmStream raw({.sample = PcmFormat::Sample::f32});
    const std::string list = "LIST" + bytes<std::uint32_t>({3}) + "abc" + std::string(1, '\0');
    EXPECT_EQ(samples(raw, wav(1, 1, 44100, 16, s16, 0x7FFFFFDB, list), at_once), as_floats);
    EXPECT_EQ(raw.format(), (PcmFormat{44100, 1, PcmFormat::Sample::s16}));
  }
  PcmStream floats({});
  EXPECT_EQ(samples(floats, wav(3, 2, 8000, 32, bytes<float>({1, 0, 0.5F, 0.25F}), 0), 5),
            (std::vector<float>{0.5F, 0.375F}));
  EXPECT_EQ(floats.format(), (PcmFormat{8000, 2, PcmFormat::Sample::f32}));
}

TEST(PcmStream, ChunksAfterTheSamplesOfAWavFileAreNotSound) {
  PcmStream stream({});
  EXPECT_EQ(samples(stream, wav(1, 1, 16000, 16, s16, 8) + "LIST and more", 5), as_floats);
}

TEST(PcmStream, OtherWavFilesAreRefused) {
  for (const std::string& bad : {wav(1, 1, 16000, 24, s16, 8), wav(6, 1, 8000, 8, s16, 8),
                                 wav(1, 0, 16000, 16, s16, 8), wav(1, 1, 0, 16, s16, 8)}) {
    PcmStream stream({});
    expect_error([&] { samples(stream, bad, 4); }, Fault::format, "WAV of format code *");
  }
  PcmStream stream({});
  const std::string endless = "RIFF....WAVEjunk" + bytes<std::uint32_t>({0xFFFFFFFF});
  expect_error([&] { samples(stream, endless + std::string(70000, 'x'), 999); }, Fault::format,
               "WAV without samples in its first 64 KiB");
}

TEST(PcmStream, FilesOfOtherFormatsAreNotHeardAsSamples) {
  const std::string rest(100, 'x');
  for (const auto& [beginning, name] :
       std::vector<std::pair<std::string, std::string>>{{"fLaC", "FLAC"},
                                                        {"OggS", "Ogg"},
                                                        {"ID3", "MP3"},
                                                        {"FORM", "AIFF"},
                                                        {".snd", "AU"},
                                                        {"RF64", "RF64"},
                                                        {"RIFX", "big-endian WAV"},
                                                        {"riff", "Wave64"},
                                                        {"....ftypM4A ", "MPEG-4"},
                                                        {"\x1A\x45\xDF\xA3", "Matroska or WebM"}})
    for (const std::size_t at_once : {1, 1000}) {
      PcmStream stream({});
      expect_error([&] { samples(stream, beginning + rest, at_once); }, Fault::format,
                   name + "; expected a WAV file or samples without a header");
    }
}

TEST(PcmStream, AnMp3WithoutATagIsKnownByTwoOfItsFrames) {
  const std::string header = "\xFF\xFB\x90\x64";  // version 1, 128 kbit/s, 44.1 kHz: 417 bytes
  const std::string frame = header + std::string(413, 'x');
  PcmStream stream({}), samples_like_it({}), short_one({});
  expect_error([&] { samples(stream, frame + frame, 7); }, Fault::format, "MP3; expected*");
  EXPECT_EQ(samples(samples_like_it, header + std::string(996, 'x'), 7).size(), 500U);
  EXPECT_EQ(samples(short_one, header + std::string(20, 'x'), 7).size(), 12U);
}

TEST(PcmStream, AWavFileThatEndsWithinItsHeaderIsNoSilence) {
  const std::string whole = wav(1, 1, 16000, 16, s16, 8);
  for (const std::size_t length : {4U, 11U, 20U, 43U}) {
    PcmStream stream({});
    expect_error([&] { samples(stream, whole.substr(0, length), 5); }, Fault::format,
                 "WAV that ends within its header");
  }
}

TEST(PcmStream, RawSoundMayBeginLikeAWavFile) {
  PcmStream stream({});
  EXPECT_EQ(samples(stream, "RIFFRIFFRIFF", 1).size(), 6u);
}

}  // namespace
}  // namespace twinear
