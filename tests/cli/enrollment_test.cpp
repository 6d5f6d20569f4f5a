// SPDX-License-Identifier: Apache-2.0
// twinear enroll, identify of files, and db.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/files.h"
#include "cli/people.h"
#include "clips/npy.h"

namespace twinear {
namespace {

using Json = nlohmann::json;
using EnrolledPeople = People;

TEST_F(EnrolledPeople, AreKnownAgain) {
  EXPECT_EQ(enroll("ada", {clip(0, 0), clip(0, 1)}).out, "ada: 2 new clips; 2 in all, 3.0 s\n");
  EXPECT_EQ(enroll("bob", {clip(1, 0)}).out, "bob: 1 new clip; 1 in all, 1.5 s\n");
  EXPECT_EQ(enroll("bob", {clip(1, 0), clip(1, 1)}).out, "bob: 1 new clip; 2 in all, 3.0 s\n");
  EXPECT_EQ(list(), "ada\t2\t3.0\nbob\t2\t3.0\n");

  const Outcome who = run(identify({clip(1, 5), clip(0, 5), "--threshold", "0.9"}));
  EXPECT_EQ(who.code, 0);
  EXPECT_EQ(who.err, "");
  EXPECT_TRUE(who.out.starts_with(clip(1, 5) + "\tbob\t0.99")) << who.out;
  EXPECT_NE(who.out.find("\n" + clip(0, 5) + "\tada\t0.99"), std::string::npos) << who.out;
}

TEST_F(EnrolledPeople, StrangersAreUnknown) {
  enroll("ada", {clip(0, 0)});
  const Json strange =
      Json::parse(run(identify({clip(2, 0), "--threshold", "0.95", "--json"})).out);
  EXPECT_TRUE(strange["name"].is_null());
  EXPECT_LT(strange["score"].get<double>(), 0.95);
  EXPECT_EQ(strange["threshold"].get<double>(), 0.95);
  const Json known = Json::parse(run(identify({clip(0, 1), "--threshold", "0.95", "--json"})).out);
  EXPECT_EQ(known["name"], "ada");
  // its false-alarm rates are thresholds of 0.6 and 0.7; see write_small_model
  EXPECT_EQ(Json::parse(run(identify({clip(0, 1), "--at-fpr", "0.05", "--json"})).out)["threshold"],
            0.7);
  // Its trials do not resolve 1 %, so the bound of likelihood ratios serves: llr = 10 s - 5.
  EXPECT_NEAR(Json::parse(run(identify({clip(0, 1), "--json"})).out)["threshold"].get<double>(),
              (std::log(100.0) + 5) / 10, 1e-9);
}

TEST_F(EnrolledPeople, TheBestAreShown) {
  for (unsigned s = 0; s < 4; ++s) enroll("voice " + std::to_string(s), {clip(s, 0)});
  const Json json = Json::parse(run(identify({clip(1, 1), "--top", "3", "--json"})).out);
  ASSERT_EQ(json["best"].size(), 3u);
  EXPECT_EQ(json["best"][0]["name"], "voice 1");
  EXPECT_EQ(json["best"][0]["score"], json["score"]);
  EXPECT_GE(json["best"][1]["score"], json["best"][2]["score"]);
  const std::string text = run(identify({clip(1, 1), "--top", "9"})).out;
  EXPECT_EQ(std::ranges::count(text, '\n'), 5);
  EXPECT_NE(text.find("\n  1.\tvoice 1\t"), std::string::npos) << text;
}

TEST_F(EnrolledPeople, NobodyIsKnownToAnEmptyDatabase) {
  enroll("ada", {clip(0, 0)});
  run({"db", "remove", "--db", db, "ada"});
  EXPECT_EQ(run(identify({clip(0, 0)})).out, clip(0, 0) + "\tunknown\t-\t-\t-\n");
  EXPECT_EQ(list(), "");
}

TEST_F(EnrolledPeople, SoundThatSaysLittleIsRefusedUnlessForced) {
  Waveform wave = voice(0, 0, 2.0);
  const auto written = [&](const char* name, const Waveform& sound) {
    write_audio(folder / name, sound);
    return folder / name;
  };
  const std::string silent = written("silent.wav", {16000, std::vector<float>(32000)});
  const std::string brief = clip(0, 9, 0.6);
  const std::string telephone =
      written("telephone.wav", {16000, resample(resample(wave.samples, 16000, 8000), 8000, 16000)});
  for (float& x : wave.samples) x = std::clamp(20 * x, -1.0F, 1.0F);
  const std::string clipped = written("clipped.wav", wave);

  for (const auto& [file, told] : {std::pair(silent, "silent.wav: digital silence"),
                                   std::pair(brief, "at least 1 s is needed"),
                                   std::pair(telephone, "telephone.wav: nothing above 4 kHz"),
                                   std::pair(clipped, "clipped.wav: clipped: ")}) {
    EXPECT_TRUE(is_refusal(enroll("ada", {clip(0, 0), file}), told));
    EXPECT_TRUE(is_refusal(enroll("ada", {file}), "(--force enrolls it all the same)"));
    EXPECT_FALSE(std::filesystem::exists(db)) << file;
  }
  EXPECT_EQ(enroll("ada", {brief}, {"--min-speech", "0.3"}).code, 0);
  const Outcome forced = enroll("ada", {clipped, telephone}, {"--force"});
  EXPECT_EQ(forced.code, 0);
  EXPECT_NE(forced.err.find("warning: " + clipped), std::string::npos) << forced.err;
  EXPECT_EQ(list(), "ada\t3\t4.6\n");
}

TEST_F(EnrolledPeople, AllClipsAreEnrolledOrNone) {
  enroll("ada", {clip(0, 0)});
  write_file(folder / "text.wav", "no sound");
  EXPECT_TRUE(is_refusal(enroll("ada", {clip(0, 1), folder / "text.wav"}), "text.wav: "));
  EXPECT_TRUE(is_refusal(enroll("bob", {clip(1, 1), folder / "none.wav"}), "none.wav: "));
  EXPECT_EQ(list(), "ada\t1\t1.5\n");
}

TEST_F(EnrolledPeople, FeaturesAreEnrolledToo) {
  ASSERT_EQ(run({"features", clip(0, 0), "-o", folder / "f.npy", "--set", "front_end.mel_bins=40",
                 "--set", "front_end.norm=\"level\""})
                .code,
            0);
  EXPECT_EQ(enroll("ada", {folder / "f.npy"}).code, 0);
  EXPECT_EQ(Json::parse(run(identify({clip(0, 0), "--json"})).out)["name"], "ada");
}

TEST_F(EnrolledPeople, OfAnotherModelAreRefused) {
  enroll("ada", {clip(0, 0)});
  const std::string other = folder / "other.safetensors";
  write_small_model(other, false);
  const std::string told = db + ": its embeddings are of the model ";
  EXPECT_TRUE(is_refusal(run({"enroll", "--db", db, "--model", other, "bob", clip(1, 0)}), told));
  EXPECT_TRUE(is_refusal(
      run({"identify", "--db", db, "--model", other, "--threshold", "0.5", clip(1, 0)}), told));
  EXPECT_EQ(list(), "ada\t1\t1.5\n");
}

TEST_F(EnrolledPeople, AFileThatCannotBeHeardDoesNotSilenceTheOthers) {
  enroll("ada", {clip(0, 0)});
  const Outcome who = run(identify({folder / "none.wav", clip(0, 1), "--json"}));
  EXPECT_EQ(who.code, 2);
  EXPECT_EQ(std::ranges::count(who.err, '\n'), 1);
  EXPECT_TRUE(Json::parse(who.out.substr(0, who.out.find('\n'))).contains("error"));
  EXPECT_NE(who.out.find("\"name\":\"ada\""), std::string::npos);
}

TEST_F(EnrolledPeople, NamesMayBeOfAnyKindThatATerminalShows) {
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string("\xff"), std::string(300, 'x')})
    EXPECT_TRUE(is_refusal(enroll(bad, {clip(0, 0)}), "name"));
  EXPECT_FALSE(std::filesystem::exists(db));
  for (const char* good : {"'); DROP TABLE clip; --", "Zoë 名前", "--db", "unknown"})
    EXPECT_EQ(enroll(good, {clip(0, 0)}).code, 0) << good;
  EXPECT_EQ(list(),
            "'); DROP TABLE clip; --\t1\t1.5\n--db\t1\t1.5\nZoë 名前\t1\t1.5\nunknown\t1\t1.5\n");
  EXPECT_EQ(run({"db", "remove", "--db", db, "--", "--db"}).code, 0);
  EXPECT_TRUE(
      is_refusal(run({"db", "remove", "--db", db, "--", "--db"}), "knows nobody of the name"));
}

TEST_F(EnrolledPeople, AreMovedToAnotherDatabase) {
  enroll("ada", {clip(0, 0), clip(0, 1)});
  enroll("bob", {clip(1, 0)});
  const std::string file = folder / "people.safetensors", copy = folder / "copy.sqlite";
  EXPECT_EQ(run({"db", "export", "--db", db, "-o", file}).code, 0);
  EXPECT_EQ(run({"db", "import", "--db", copy, file}).out, copy + ": 3 new clips\n");
  EXPECT_EQ(run({"db", "export", "--db", copy, "-o", folder / "again"}).code, 0);
  EXPECT_EQ(read_file(file), read_file(folder / "again"));
}

TEST_F(EnrolledPeople, MayComeFromACorpus) {
  write_file(folder / "corpus.csv", "path,label\n" + clip(0, 0) + ",ada\n" + clip(1, 0) + ",bob\n" +
                                        clip(0, 1) + ",ada\n");
  const std::string file = folder / "e.safetensors";
  ASSERT_EQ(run({"embed", "--manifest", folder / "corpus.csv", "--model", model, "-o", file}).code,
            0);
  EXPECT_EQ(run({"db", "import", "--db", db, file}).code, 0);
  EXPECT_EQ(list(), "ada\t2\t0.0\nbob\t1\t0.0\n");
  EXPECT_EQ(Json::parse(run(identify({clip(1, 1), "--threshold", "0.9", "--json"})).out)["name"],
            "bob");
}

TEST_F(EnrolledPeople, WhatIsNoDatabaseIsToldInALine) {
  enroll("ada", {clip(0, 0)});
  const std::string good = read_file(db);
  std::string bad = good;
  for (std::size_t i = 4096; i < bad.size(); i += 64) bad[i] = '\xff';
  std::filesystem::create_directory(folder / "folder");
  write_file(folder / "empty", "");
  write_file(folder / "text", std::string(5000, 't'));
  write_file(folder / "half", good.substr(0, 5000));
  write_file(folder / "bad", bad);
  for (const char* name : {"none", "folder", "empty", "text", "half", "bad"}) {
    const std::string path = folder / name, told = path + ": ";
    const auto before = listing(folder / "");
    EXPECT_TRUE(is_refusal(run({"identify", "--db", path, "--model", model, clip(0, 0)}), told));
    EXPECT_TRUE(is_refusal(run({"db", "export", "--db", path, "-o", folder / "x"}), told));
    EXPECT_TRUE(is_refusal(run({"db", "remove", "--db", path, "ada"}), told));
    if (name != std::string("none") && name != std::string("empty")) {
      EXPECT_TRUE(
          is_refusal(run({"enroll", "--db", path, "--model", model, "ada", clip(0, 0)}), told));
      EXPECT_TRUE(is_refusal(run({"db", "list", "--db", path}), told));
    }
    EXPECT_EQ(listing(folder / ""), before) << name;
  }
}

TEST_F(EnrolledPeople, TwoMayEnrollWhileTenAskAndNothingIsLost) {
  constexpr unsigned writers = 2, readers = 10, enrollments = 8, questions = 3;
  ASSERT_EQ(enroll("ada", {clip(0, 0)}).code, 0);
  std::vector<std::string> clips{clip(0, 7)};
  for (unsigned w = 0; w < writers; ++w) clips.push_back(clip(1 + w, 0));
  std::vector<std::vector<std::string>> enrolled(writers);
  std::vector<std::string> wrong(writers + readers);
  std::atomic<unsigned> writing{writers};
  std::vector<std::thread> crowd;
  for (unsigned w = 0; w < writers; ++w)
    crowd.emplace_back([&, w] {
      while (wrong[w].empty() && enrolled[w].size() < enrollments) {
        const std::string name = "w" + std::to_string(w) + " " + std::to_string(enrolled[w].size());
        const Outcome outcome = enroll(name, {clips[1 + w]});
        if (outcome.code == 0)
          enrolled[w].push_back(name);
        else
          wrong[w] = outcome.err;
      }
      --writing;
    });
  for (unsigned r = 0; r < readers; ++r)
    crowd.emplace_back([&, r] {
      auto& error = wrong[writers + r];
      for (unsigned q = 0; error.empty() && (q < questions || writing > 0); ++q) {
        const Outcome outcome = run(identify({clips[0], "--threshold", "0.9"}));
        if (outcome.code != 0 || !outcome.out.starts_with(clips[0] + "\tada\t"))
          error = outcome.err + outcome.out;
      }
    });
  for (auto& one : crowd) one.join();

  EXPECT_EQ(wrong, std::vector<std::string>(writers + readers));
  std::vector<std::string> expected{"ada\t1\t1.5"};
  for (const auto& names : enrolled) {
    EXPECT_EQ(names.size(), enrollments);
    for (const auto& name : names) expected.push_back(name + "\t1\t1.5");
  }
  std::ranges::sort(expected);
  std::string all;
  for (const auto& line : expected) all += line + "\n";
  EXPECT_EQ(list(), all);
}

}  // namespace
}  // namespace twinear
