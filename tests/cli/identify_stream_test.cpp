// SPDX-License-Identifier: Apache-2.0
// twinear identify of what comes: a stream of samples, files into a folder.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/people.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

class StreamOfPeople : public People {
 protected:
  StreamOfPeople() {
    EXPECT_EQ(enroll("ada", {clip(0, 0), clip(0, 1)}).code, 0);
    EXPECT_EQ(enroll("bob", {clip(1, 0), clip(1, 1)}).code, 0);
  }

  /// Two seconds of ada, two of silence, two of bob, at 16 kHz.
  static std::vector<float> conversation() {
    std::vector<float> samples = voice(0, 3, 2).samples;
    samples.resize(4 * 16000);
    const auto bob = voice(1, 3, 2).samples;
    samples.insert(samples.end(), bob.begin(), bob.end());
    for (float& x : samples) x = std::clamp(x, -0.99F, 0.99F);
    return samples;
  }
  static std::string s16(const std::vector<float>& samples) {
    std::string bytes;
    for (const float x : samples) {
      const auto word = static_cast<std::int16_t>(std::lround(x * 32767));
      bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return bytes;
  }
  Outcome stream(const std::string& bytes, std::vector<std::string> more = {}) const {
    write_file(folder / "stream", bytes);
    more.insert(more.end(), {"--stream", "-", "--threshold", "0.95"});
    return run(identify(more), folder / "stream");
  }
  /// The names of the lines, silence and unknown among them.
  static std::string names(const std::string& out) {
    std::string all;
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
      const auto begin = out.find('\t', out.find('\t', at) + 1) + 1;
      all += out.substr(begin, out.find('\t', begin) - begin) + " ";
    }
    return all;
  }
};

TEST_F(StreamOfPeople, IsALineAWindow) {
  const Outcome heard = stream(s16(conversation()), {"--window", "1", "--hop", "1"});
  EXPECT_EQ(heard.code, 0) << heard.err;
  EXPECT_EQ(heard.err, "");
  EXPECT_EQ(names(heard.out), "ada ada silence silence bob bob ");
  EXPECT_TRUE(heard.out.starts_with("0.00\t1.00\tada\t0.9")) << heard.out;
  EXPECT_NE(heard.out.find("\n2.00\t3.00\tsilence\t-\t-\t-\n"), std::string::npos) << heard.out;
}

TEST_F(StreamOfPeople, JsonIsAnObjectAWindow) {
  const Outcome heard = stream(s16(conversation()), {"--window", "2", "--hop", "2", "--json"});
  std::vector<Json> lines;
  for (std::size_t at = 0; at < heard.out.size(); at = heard.out.find('\n', at) + 1)
    lines.push_back(Json::parse(heard.out.substr(at, heard.out.find('\n', at) - at)));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["name"], "ada");
  EXPECT_EQ(lines[0]["silence"], false);
  EXPECT_TRUE(lines[1]["name"].is_null());
  EXPECT_EQ(lines[1]["silence"], true);
  EXPECT_TRUE(lines[1]["score"].is_null());
  EXPECT_EQ(lines[2]["start"], 4.0);
  EXPECT_EQ(lines[2]["end"], 6.0);
}

TEST_F(StreamOfPeople, ItsEndIsHeardWhereItIsLongEnough) {
  auto samples = conversation();
  EXPECT_EQ(names(stream(s16(samples), {"--window", "5", "--hop", "4"}).out), "unknown bob ");
  samples.resize(16000 * 14 / 10);
  const Outcome cut = stream(s16(samples) + "x", {"--window", "1", "--hop", "0.5"});  // an odd byte
  EXPECT_EQ(names(cut.out), "ada ada ");
  EXPECT_NE(cut.out.find("\n0.50\t1.40\t"), std::string::npos) << cut.out;
  samples.resize(16000 * 4 / 10);
  EXPECT_EQ(stream(s16(samples)).out, "");
  EXPECT_EQ(stream("").out, "");
  EXPECT_EQ(stream("").code, 0);
}

TEST_F(StreamOfPeople, IsTheSameAsAWavFileAtAnotherRateAndInFloats) {
  const auto samples = conversation();
  const std::vector<std::string> windows{"--window", "2", "--hop", "2"};
  const std::string expected = stream(s16(samples), windows).out;
  write_audio(folder / "c.wav", {16000, samples});
  EXPECT_EQ(names(stream(read_file(folder / "c.wav"), windows).out), names(expected));

  write_audio(folder / "c44.wav", {44100, resample(samples, 16000, 44100)});
  const Outcome other = stream(read_file(folder / "c44.wav"), windows);
  EXPECT_EQ(names(other.out), names(expected)) << other.err;

  auto more = windows;
  more.insert(more.end(), {"--format", "f32"});
  std::string bytes(reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float));
  EXPECT_EQ(names(stream(bytes, more).out), names(expected));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  bytes.replace(4000, 4, reinterpret_cast<const char*>(&nan), 4);
  const Outcome broken = stream(bytes, more);
  EXPECT_EQ(broken.code, 0);
  EXPECT_EQ(names(broken.out), names(expected));
  EXPECT_NE(broken.err.find("standard input: samples that are not finite"), std::string::npos);
}

TEST_F(StreamOfPeople, WhatIsNoStreamIsRefused) {
  write_audio(folder / "c.wav", {16000, conversation()});
  std::string wav = read_file(folder / "c.wav");
  wav[34] = 24;  // bits a sample
  EXPECT_TRUE(is_refusal(stream(wav), "standard input: WAV of format code 1, 24 bits"));
  EXPECT_TRUE(is_refusal(run(identify({"--stream", folder / "none"})), "none: No such file"));
  EXPECT_TRUE(is_refusal(run(identify({"--stream", folder / ""})), "Is a directory"));
  EXPECT_TRUE(is_refusal(stream("", {"--window", "1", "--hop", "2"}), "a hop of 2 s"));
  EXPECT_TRUE(is_refusal(stream("", {"--format", "u8"}), "--format"));
  EXPECT_TRUE(is_refusal(stream("", {clip(0, 0)}), "one of FILE, --stream and --watch"));
  EXPECT_TRUE(is_refusal(run(identify({})), "one of FILE, --stream and --watch"));
}

TEST_F(StreamOfPeople, ALineIsThereWhenItsWindowEndsAndAnInterruptEndsAll) {
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Running running(
      identify({"--stream", pipe, "--window", "1", "--hop", "1", "--threshold", "0.95"}));
  const int into = ::open(pipe.c_str(), O_WRONLY);
  const std::string bytes = s16(conversation()).substr(0, 2 * 16000 * 17 / 10);
  ASSERT_EQ(::write(into, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_TRUE(running.says([&] { return names(running.out()) == "ada "; })) << running.out();
  running.send(SIGINT);  // while the pipe is open
  const Outcome outcome = running.finish();
  ::close(into);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(names(outcome.out), "ada ada ");  // the window that the interrupt cut
}

TEST_F(StreamOfPeople, WhoIsEnrolledMeanwhileIsKnown) {
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Running running(
      identify({"--stream", pipe, "--window", "1", "--hop", "1", "--threshold", "0.95"}));
  const int into = ::open(pipe.c_str(), O_WRONLY);
  const std::string cem = s16(voice(3, 3, 1).samples);
  ASSERT_GT(::write(into, cem.data(), cem.size()), 0);
  EXPECT_TRUE(running.says([&] { return names(running.out()) == "unknown "; })) << running.out();
  EXPECT_EQ(enroll("cem", {clip(3, 0)}).code, 0);
  ASSERT_GT(::write(into, cem.data(), cem.size()), 0);
  ::close(into);
  EXPECT_EQ(names(running.finish().out), "unknown cem ");
}

TEST_F(StreamOfPeople, FilesThatComeIntoAFolderAreHeard) {
  const std::string box = folder / "box";
  std::filesystem::create_directory(box);
  std::filesystem::copy(clip(0, 4), box + "/before.wav");
  const std::string first = clip(0, 5), second = clip(1, 5);
  Running running(identify({"--watch", box, "--threshold", "0.95"}));
  ASSERT_TRUE(running.says([&] { return running.err().find("watching") != std::string::npos; }));
  const auto lines = [&] { return std::ranges::count(running.out(), '\n'); };

  std::filesystem::copy(first, box + "/a.wav");
  EXPECT_TRUE(running.says([&] { return lines() == 1; }));
  write_file(box + "/.hidden.wav", read_file(second));
  std::filesystem::rename(box + "/.hidden.wav", box + "/b.wav");  // as careful writers do
  EXPECT_TRUE(running.says([&] { return lines() == 2; }));
  std::filesystem::create_directory(box + "/inner");
  write_file(box + "/text.txt", "no sound");
  EXPECT_TRUE(running.says([&] { return lines() == 3; }));
  running.send(SIGINT);
  const Outcome outcome = running.finish();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with(box + "/a.wav\tada\t")) << outcome.out;
  EXPECT_NE(outcome.out.find("\n" + box + "/b.wav\tbob\t"), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with(box + "/text.txt\terror\t-\t-\t-\n")) << outcome.out;
  EXPECT_NE(outcome.err.find("twinear: " + box + "/text.txt: "), std::string::npos) << outcome.err;
}

TEST_F(StreamOfPeople, AFolderThatGoesIsTold) {
  const std::string box = folder / "box";
  EXPECT_TRUE(is_refusal(run(identify({"--watch", box})), box + ": No such file or directory"));
  EXPECT_TRUE(is_refusal(run(identify({"--watch", model})), "Not a directory"));
  std::filesystem::create_directory(box);
  Running running(identify({"--watch", box}));
  ASSERT_TRUE(running.says([&] { return running.err().find("watching") != std::string::npos; }));
  std::filesystem::remove(box);
  Outcome outcome = running.finish();
  outcome.err.erase(0, outcome.err.find('\n') + 1);  // the line above
  EXPECT_TRUE(is_refusal(outcome, box + ": "));
}

}  // namespace
}  // namespace twinear
