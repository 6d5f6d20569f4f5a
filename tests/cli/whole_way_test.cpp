// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/program.h"
#include "voices.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

/// A corpus of two dozen made-up voices, four clips each, and a recipe for it.
class WholeWay : public ::testing::Test {
 protected:
  WholeWay() {
    write_corpus("train", 0, 12);
    write_corpus("dev", 12, 18);
    write_corpus("test", 18, 24);
    std::ofstream trials(path("trials.txt"));
    for (unsigned a = 0; a < 24; ++a)
      for (unsigned b = a + 1; b < 24; ++b)
        trials << (a / 4 == b / 4 ? "1 " : "0 ") << clip_name("test", 18 + a / 4, a % 4) << ' '
               << clip_name("test", 18 + b / 4, b % 4) << '\n';
    write_file(recipe, R"(
[front_end]
mel_bins = 40
norm = "level"
[sampler]
labels = 6
clips = 3
[optimizer]
learning_rate = 3e-3
warmup_steps = 5
[train]
epochs = 20
crop_seconds = 0.5
eval_every = 5
log_every = 10
[data]
train = "train.csv"
dev = "dev.csv"
)");
  }

  static std::string clip_name(const std::string& part, unsigned speaker, unsigned clip) {
    return part + std::to_string(speaker) + "_" + std::to_string(clip) + ".wav";
  }
  std::string path(const std::string& name) const { return folder / name; }

  void write_corpus(const std::string& part, unsigned first, unsigned end) const {
    std::ofstream manifest(path(part + ".csv"));
    manifest << "path,label\n";
    for (unsigned speaker = first; speaker < end; ++speaker)
      for (unsigned clip = 0; clip < 4; ++clip) {
        write_audio(path(clip_name(part, speaker, clip)), voice(speaker, clip));
        manifest << clip_name(part, speaker, clip) << ",voice" << speaker << '\n';
      }
  }

  Outcome train(const std::string& to, std::vector<std::string> more) const {
    std::vector<std::string> arguments{"train", recipe, "--out", path(to), "--json"};
    arguments.insert(arguments.end(), tiny.begin(), tiny.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  TemporaryFolder folder;
  const std::string recipe = path("recipe.toml");
  const std::vector<std::string> tiny{"--set", "encoder.channels=[16,16]",
                                      "--set", "encoder.strides=[1,2]",
                                      "--set", "encoder.embedding=16"};
};

TEST_F(WholeWay, LeadsFromClipsToDecisions) {
  const Outcome trained = train("run", {"--threads", "2"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto result = Json::parse(trained.out);
  EXPECT_EQ(result["steps"], 40);
  EXPECT_EQ(result["stopped"], false);
  for (const char* name : {"model.safetensors", "last.safetensors", "log.jsonl", "report.html"})
    EXPECT_TRUE(std::filesystem::exists(path("run") + "/" + name)) << name;
  const std::string model = path("run/model.safetensors"), scores = path("scores.txt");

  ASSERT_EQ(run({"score", "--trials", path("trials.txt"), "--model", model, "-o", scores}).code, 0);
  const Outcome evaluated = run({"eval", scores, "--json", "--report", path("report.html")});
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_LT(Json::parse(evaluated.out)["eer"], 0.2);

  const std::string calibrated = path("calibrated.safetensors");
  ASSERT_EQ(run({"calibrate", "--model", model, "--scores", scores, "-o", calibrated}).code, 0);
  const auto verify = [&](const std::string& b) {
    return run({"verify", path(clip_name("test", 18, 0)), path(b), "--model", calibrated});
  };
  EXPECT_EQ(verify(clip_name("test", 18, 1)).code, 0);
  EXPECT_EQ(verify(clip_name("test", 21, 0)).code, 1);

  EXPECT_EQ(
      run({"embed", "--manifest", path("test.csv"), "--model", calibrated, "-o", path("e")}).code,
      0);
  const auto info = Json::parse(run({"info", calibrated, "--selftest", "--json"}).out);
  EXPECT_EQ(info["provenance"]["recipe"]["encoder"]["embedding"], 16);

  // The same seed, another number of threads.
  ASSERT_EQ(train("again", {"--threads", "1"}).code, 0);
  EXPECT_EQ(read_file(path("again/model.safetensors")), read_file(model));
  EXPECT_EQ(read_file(path("again/last.safetensors")), read_file(path("run/last.safetensors")));
  ASSERT_EQ(train("other", {"--seed", "1"}).code, 0);
  EXPECT_NE(read_file(path("other/model.safetensors")), read_file(model));
}

TEST_F(WholeWay, StopsAtASignalWithACheckpointToGoOnFrom) {
  std::vector<std::string> arguments{"train",       recipe,  "--out",
                                     path("run"),   "--set", "train.epochs=100000",
                                     "--log-level", "debug"};
  arguments.insert(arguments.end(), tiny.begin(), tiny.end());
  const auto stop_after_a_step = [&](int signal) {
    Running running(arguments);
    EXPECT_TRUE(running.says([&] { return running.err().find("step ") != std::string::npos; }));
    running.send(signal);
    return running.finish();
  };
  EXPECT_EQ(stop_after_a_step(SIGTERM).code, 143);
  EXPECT_TRUE(std::filesystem::exists(path("run/last.safetensors")));
  arguments.emplace_back("--resume");
  const Outcome again = stop_after_a_step(SIGINT);
  EXPECT_EQ(again.code, 130);
  EXPECT_NE(again.out.find("--resume continues"), std::string::npos) << again.out;
}

}  // namespace
}  // namespace twinear
