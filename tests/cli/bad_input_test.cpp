// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>

#include "base/files.h"
#include "cli/models.h"
#include "cli/program.h"
#include "clips/npy.h"
#include "twinear/trials.h"
#include "voices.h"

namespace twinear {
namespace {

/// A WAV file of 32-bit floats, which write_audio does not make.
std::string float_wav(int sample_rate, int channels, const std::vector<float>& samples) {
  const auto number = [](auto value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto bytes = static_cast<std::uint32_t>(samples.size() * sizeof(float));
  const auto width = static_cast<std::uint16_t>(channels * 4);
  std::string wav = "RIFF" + number(bytes + 36) + "WAVEfmt " + number(std::uint32_t{16}) +
                    number(std::uint16_t{3}) + number(static_cast<std::uint16_t>(channels)) +
                    number(static_cast<std::uint32_t>(sample_rate)) +
                    number(static_cast<std::uint32_t>(sample_rate) * width) + number(width) +
                    number(std::uint16_t{32}) + "data" + number(bytes);
  return wav.append(reinterpret_cast<const char*>(samples.data()), bytes);
}

std::string front_half(const std::string& path) {
  const std::string bytes = read_file(path);
  return bytes.substr(0, bytes.size() / 2);
}

/// One way in which a clip can be bad: makes it in a folder and returns its path.
struct BadClip {
  const char* name;
  std::string (*make)(const TemporaryFolder&);
};

std::string file(const TemporaryFolder& folder, const char* name, const std::string& bytes) {
  write_file(folder / name, bytes);
  return folder / name;
}

std::string truncated(const TemporaryFolder& folder, const char* name) {
  write_audio(folder / name, voice(1, 1));
  return file(folder, name, front_half(folder / name));
}

const BadClip bad_clips[] = {
    {"Missing", [](const TemporaryFolder& f) { return f / "missing.wav"; }},
    {"Empty", [](const TemporaryFolder& f) { return file(f, "empty.wav", ""); }},
    {"Text", [](const TemporaryFolder& f) { return file(f, "text.wav", "not a sound\n"); }},
    {"TruncatedWav", [](const TemporaryFolder& f) { return truncated(f, "truncated.wav"); }},
    {"TruncatedFlac", [](const TemporaryFolder& f) { return truncated(f, "truncated.flac"); }},
    {"Folder",
     [](const TemporaryFolder& f) {
       std::filesystem::create_directory(f / "folder.wav");
       return f / "folder.wav";
     }},
    {"FiftyMilliseconds",
     [](const TemporaryFolder& f) {
       write_audio(f / "short.wav", voice(1, 1, 0.05));
       return f / "short.wav";
     }},
    {"NotANumber",
     [](const TemporaryFolder& f) {
       std::vector<float> samples(16000, 0.1F);
       samples[8000] = std::numeric_limits<float>::quiet_NaN();
       return file(f, "nan.wav", float_wav(16000, 1, samples));
     }},
    {"NpyOfOtherBins",
     [](const TemporaryFolder& f) {
       write_npy(f / "bins.npy", Matrix(100, 7));
       return f / "bins.npy";
     }},
    {"TruncatedNpy",
     [](const TemporaryFolder& f) {
       write_npy(f / "truncated.npy", Matrix(100, 40));
       return file(f, "truncated.npy", front_half(f / "truncated.npy"));
     }},
};

class BadClips : public ::testing::TestWithParam<BadClip> {};

TEST_P(BadClips, AreNamedByEveryCommandAndLeaveNothing) {
  TemporaryFolder folder;
  const std::string bad = GetParam().make(folder), good = folder / "good.wav";
  const std::string model = folder / "model.safetensors";
  write_small_model(model);
  write_audio(good, voice(1, 2));
  const auto before = listing(folder / "");

  EXPECT_TRUE(is_refusal(run({"verify", good, bad, "--model", model}), bad + ": "));
  EXPECT_TRUE(is_refusal(run({"features", bad, "-o", folder / "x.npy"}), bad + ": "));
  EXPECT_TRUE(is_refusal(run({"features", bad, good, "-o", folder / "x"}), bad + ": "));
  EXPECT_TRUE(is_refusal(run({"embed", good, bad, "--model", model, "-o", folder / "x"}),  //
                         bad + ": "));
  EXPECT_EQ(listing(folder / ""), before);
}

TEST_P(BadClips, CostOnlyTheirOwnTrials) {
  TemporaryFolder folder;
  const std::string bad = GetParam().make(folder), good = folder / "good.wav";
  const std::string model = folder / "model.safetensors", trials = folder / "trials.txt";
  write_small_model(model);
  write_audio(good, voice(1, 2));
  const std::vector<std::string> score{"score", "--trials", trials,           "--model",
                                       model,   "-o",       folder / "scores"};
  write_file(trials, "1 " + good + " " + bad + "\n0 " + good + " " + good + "\n");
  EXPECT_TRUE(is_refusal(run(score), bad + ": "));
  const auto scores = read_scores(folder / "scores");
  ASSERT_EQ(scores.size(), 1U);
  EXPECT_EQ(scores[0].trial, (Trial{good, good, false}));

  std::filesystem::remove(folder / "scores");
  write_file(trials, "1 " + good + " " + bad + "\n");
  EXPECT_TRUE(is_refusal(run(score), bad + ": "));
  EXPECT_FALSE(std::filesystem::exists(folder / "scores"));
}

INSTANTIATE_TEST_SUITE_P(, BadClips, ::testing::ValuesIn(bad_clips),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BadInput, EightChannelsAt96KilohertzAreGood) {
  TemporaryFolder folder;
  const auto mono = resample(voice(1, 1).samples, 16000, 96000);
  std::vector<float> samples;
  for (const float s : mono) samples.insert(samples.end(), 8, s);
  write_file(folder / "eight.wav", float_wav(96000, 8, samples));
  EXPECT_EQ(run({"features", folder / "eight.wav", "-o", folder / "x.npy"}).code, 0);
  EXPECT_EQ(read_npy(folder / "x.npy").rows(), 78U);
  EXPECT_EQ(run({"features", folder / "eight.wav", "--channel", "7", "-o", folder / "7.npy"}).code,
            0);
  EXPECT_TRUE(
      is_refusal(run({"features", folder / "eight.wav", "--channel", "8", "-o", folder / "8.npy"}),
                 "eight.wav: "));
}

TEST(BadInput, AManifestWithAMissingFileIsToldWithItsLine) {
  TemporaryFolder folder;
  write_audio(folder / "a.wav", voice(1, 1));
  write_file(folder / "corpus.csv", "path,label\na.wav,ada\nb.wav,bob\n");
  write_file(folder / "recipe.toml", "[data]\ntrain = \"corpus.csv\"\n");
  write_small_model(folder / "model.safetensors");
  const auto before = listing(folder / "");

  EXPECT_TRUE(is_refusal(run({"embed", "--manifest", folder / "corpus.csv", "--model",
                              folder / "model.safetensors", "-o", folder / "x"}),
                         "corpus.csv:3: "));
  EXPECT_TRUE(is_refusal(run({"train", folder / "recipe.toml", "--out", folder / "run"}),
                         "corpus.csv:3: "));
  EXPECT_EQ(listing(folder / ""), before);
}

TEST(BadInput, AnUnknownKeyOfARecipeIsToldWithItsLine) {
  TemporaryFolder folder;
  write_file(folder / "recipe.toml", "[train]\nepoch = 3\n");
  const auto before = listing(folder / "");
  const char* told = "recipe.toml:2: unknown key \"epoch\" in [train]; did you mean \"epochs\"?";
  EXPECT_TRUE(is_refusal(run({"train", folder / "recipe.toml", "--out", folder / "run"}), told));
  EXPECT_TRUE(is_refusal(
      run({"features", "a.wav", "--recipe", folder / "recipe.toml", "-o", folder / "x"}), told));
  EXPECT_EQ(listing(folder / ""), before);
}

TEST(BadInput, ARecipeWithoutACorpusIsRefused) {
  TemporaryFolder folder;
  write_file(folder / "recipe.toml", "[train]\nepochs = 3\n");
  EXPECT_TRUE(is_refusal(run({"train", folder / "recipe.toml", "--out", folder / "run"}),
                         "recipe.toml: [data] names no train manifest"));
}

TEST(BadInput, AModelCutInHalfIsNamed) {
  TemporaryFolder folder;
  const std::string model = folder / "model.safetensors", wav = folder / "a.wav";
  write_small_model(model);
  write_file(model, front_half(model));
  write_audio(wav, voice(1, 1));
  write_file(folder / "trials.txt", "1 a.wav a.wav\n");
  write_file(folder / "scores.txt", "a b 0.9 target\na c 0.1 nontarget\n");
  const auto before = listing(folder / "");

  EXPECT_TRUE(is_refusal(run({"info", model}), model + ": "));
  EXPECT_TRUE(is_refusal(run({"verify", wav, wav, "--model", model}), model + ": "));
  EXPECT_TRUE(is_refusal(run({"embed", wav, "--model", model, "-o", folder / "x"}), model + ": "));
  EXPECT_TRUE(is_refusal(
      run({"score", "--trials", folder / "trials.txt", "--model", model, "-o", folder / "x"}),
      model + ": "));
  EXPECT_TRUE(is_refusal(
      run({"calibrate", "--scores", folder / "scores.txt", "--model", model, "-o", folder / "x"}),
      model + ": "));
  EXPECT_EQ(listing(folder / ""), before);
}

TEST(BadInput, ScoresOfOneKindOnlyAreNamed) {
  TemporaryFolder folder;
  const std::string scores = folder / "scores.txt", model = folder / "model.safetensors";
  write_file(scores, "a b 0.9 target\n");
  write_small_model(model);
  EXPECT_TRUE(is_refusal(run({"eval", scores, "--report", folder / "x.html"}), scores + ": "));
  EXPECT_TRUE(is_refusal(
      run({"calibrate", "--scores", scores, "--model", model, "-o", folder / "x"}), scores + ": "));
  EXPECT_EQ(listing(folder / "").size(), 2U);
}

TEST(BadInput, AnOutputThatCannotBeIsToldBeforeTheWork) {
  TemporaryFolder folder;
  const std::string nowhere = folder / "no/folder/x", wav = folder / "a.wav";
  write_audio(wav, voice(1, 1));
  // None of the other files exists: to be told of the output, it must have been looked at first.
  const std::string told = nowhere + ": there is no folder";
  EXPECT_TRUE(is_refusal(run({"features", wav, "-o", nowhere}), told));
  EXPECT_TRUE(is_refusal(run({"embed", wav, "--model", "m", "-o", nowhere}), told));
  EXPECT_TRUE(is_refusal(run({"score", "--trials", "t", "--model", "m", "-o", nowhere}), told));
  EXPECT_TRUE(is_refusal(run({"calibrate", "--scores", "s", "--model", "m", "-o", nowhere}), told));
  EXPECT_TRUE(is_refusal(run({"eval", "s", "--report", nowhere}), told));
  EXPECT_TRUE(is_refusal(run({"features", wav, wav, "-o", wav}), wav + ": "));
}

TEST(BadInput, TwoInputsOfOneNameDoNotReplaceEachOther) {
  TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.flac"}) write_audio(folder / name, voice(1, 1));
  EXPECT_TRUE(is_refusal(run({"features", folder / "a.wav", folder / "a.flac", "-o", folder / "x"}),
                         folder / "a.flac: its output would replace that of "));
  EXPECT_EQ(listing(folder / "").size(), 2U);
}

}  // namespace
}  // namespace twinear
