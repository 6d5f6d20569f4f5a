// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "base/files.h"
#include "cli/models.h"
#include "cli/program.h"
#include "clips/npy.h"
#include "made_noise.h"
#include "made_voice.h"
#include "model/safetensors.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/trials.h"
#include "voices.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

/// The JSON objects of standard output, one a line; nothing else may be there.
std::vector<Json> objects(const Outcome& outcome) {
  std::vector<Json> all;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    all.push_back(Json::parse(line));
    EXPECT_TRUE(all.back().is_object()) << line;
  }
  return all;
}

std::set<std::string> keys(const Json& object) {
  std::set<std::string> names;
  for (const auto& [key, value] : object.items()) names.insert(key);
  return names;
}

/// A folder with clips of two speakers and a model.
class Command : public ::testing::Test {
 protected:
  Command() {
    for (unsigned speaker : {1U, 2U})
      for (unsigned clip : {1U, 2U})
        write_audio(path("s" + std::to_string(speaker) + "c" + std::to_string(clip) + ".wav"),
                    voice(speaker, clip));
    write_small_model(model);
  }
  std::string path(const std::string& name) const { return folder / name; }

  TemporaryFolder folder;
  const std::string model = path("model.safetensors"), same1 = path("s1c1.wav"),
                    same2 = path("s1c2.wav"), other = path("s2c1.wav"), out = path("out");
};

TEST_F(Command, VerifyExitsLikeCmp) {
  EXPECT_EQ(run({"verify", same1, same1, "--model", model}).code, 0);
  EXPECT_EQ(run({"verify", same1, other, "--model", model, "--threshold", "0.999"}).code, 1);
  EXPECT_EQ(run({"verify", same1, other, "--model", model, "--threshold", "-1"}).code, 0);
}

TEST_F(Command, VerifySpeaksToEveryone) {
  const Outcome same = run({"verify", same1, same1, "--model", model});
  EXPECT_TRUE(same.out.starts_with("Same source: almost certain, 99.3 %.\n")) << same.out;
  EXPECT_NE(same.out.find("even odds, calibrated on nothing, by hand"), std::string::npos);
  EXPECT_EQ(same.err, "twinear: warning: " + same1 +
                          ": 0.80 s of sound; under 1.5 s the answer is less sure than it says\n");

  const Outcome strict = run({"verify", same1, same2, "--model", model, "--threshold", "1"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_TRUE(strict.out.starts_with("Different sources by this threshold, though")) << strict.out;
}

TEST_F(Command, VerifyGivesItsGroundsAsJson) {
  const auto verdict = objects(run({"verify", same1, same1, "--model", model, "--json"})).at(0);
  EXPECT_EQ(keys(verdict), (std::set<std::string>{"a", "b", "answer", "same", "score", "llr",
                                                  "probability", "threshold", "threshold_from",
                                                  "warnings", "model", "model_id"}));
  EXPECT_EQ(verdict["same"], true);
  EXPECT_NEAR(verdict["score"].get<double>(), 1.0, 1e-6);
  EXPECT_NEAR(verdict["llr"].get<double>(), 5.0, 1e-5);
  EXPECT_NEAR(verdict["probability"].get<double>(), 1.0 / (1.0 + std::exp(-5.0)), 1e-6);
  EXPECT_NEAR(verdict["threshold"].get<double>(), 0.5, 1e-12);
}

TEST_F(Command, VerifyNamesWhatTheModelTellsApart) {
  Model speaker = load_model(model);
  speaker.source = "speaker";
  save_model(speaker, model);
  const std::string low = path("low.wav"), high = path("high.wav"), tone = path("tone.wav");
  write_audio(low, {16000, made_voice(1.5, 100)});
  write_audio(high, {16000, made_voice(1.5, 200)});
  write_audio(tone, {16000, made_noises()["a tone"]});
  EXPECT_TRUE(run({"verify", low, low, "--model", model}).out.starts_with("Same speaker: "));
  EXPECT_TRUE(run({"verify", low, high, "--model", model, "--threshold", "1"})
                  .out.starts_with("Different speakers by this threshold"));
  const Outcome none = run({"verify", low, tone, "--model", model});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE((none.out + none.err).find("noise or music rather than a voice"), std::string::npos);
}

TEST_F(Command, EnrollRefusesWhatIsNoVoiceForAModelOfVoices) {
  Model speaker = load_model(model);
  speaker.source = "speaker";
  save_model(speaker, model);
  for (const auto& [name, samples] : made_noises()) {
    write_audio(path("noise.wav"), {16000, samples});
    EXPECT_TRUE(is_refusal(
        run({"enroll", "--db", path("people.sqlite"), "--model", model, "ada", path("noise.wav")}),
        "noise or music rather than a voice"))
        << name;
  }
}

TEST_F(Command, VerifyAnswersManyPairsAndSaysWhichItCannot) {
  const std::string pairs = path("pairs.txt"), missing = path("missing.wav");
  write_file(pairs, same1 + " " + same2 + "\n1 " + same1 + " " + other + "\n" + other + "\t" +
                        same2 + " nontarget\n");
  const auto lines = objects(run({"verify", "--pairs", pairs, "--model", model, "--json"}));
  ASSERT_EQ(lines.size(), 3U);
  const auto alone = objects(run({"verify", same1, other, "--model", model, "--json"})).at(0);
  EXPECT_EQ(lines[1], alone);
  const Outcome text = run({"verify", "--pairs", pairs, "--model", model, "-q"});
  EXPECT_EQ(text.code, 0);
  EXPECT_TRUE(text.out.starts_with(same1 + "\t" + same2 + "\t")) << text.out;
  EXPECT_EQ(run({"verify", "--pairs", pairs, "--model", model, "--threads", "1", "-q"}).out,
            text.out);

  const std::string blanks = path("a voice.opus");
  std::filesystem::copy_file(same1, blanks);
  write_file(pairs, blanks + "\t" + same2 + "\n");
  const Outcome with_blanks = run({"verify", "--pairs", pairs, "--model", model, "-q"});
  EXPECT_EQ(with_blanks.code, 0);
  EXPECT_TRUE(with_blanks.out.starts_with(blanks + "\t" + same2 + "\tsame\t")) << with_blanks.out;

  write_file(pairs, missing + " " + same1 + "\n" + same1 + " " + same1 + "\n");
  const Outcome partly = run({"verify", "--pairs", pairs, "--model", model, "-q"});
  EXPECT_EQ(partly.code, 2);
  EXPECT_TRUE(partly.out.starts_with(missing + "\t" + same1 + "\terror\t")) << partly.out;
  EXPECT_NE(partly.out.find(same1 + "\t" + same1 + "\tsame\t"), std::string::npos);
  EXPECT_NE(partly.err.find("twinear: " + missing + ": "), std::string::npos) << partly.err;

  write_file(pairs, "");
  EXPECT_TRUE(is_refusal(run({"verify", "--pairs", pairs, "--model", model}), "no pairs"));
  write_file(pairs, "one\n");
  EXPECT_TRUE(is_refusal(run({"verify", "--pairs", pairs, "--model", model}), pairs + ":1"));
}

TEST_F(Command, VerifyTakesTheThresholdOfAFalseAlarmRate) {
  const auto verdict =
      objects(run({"verify", same1, same1, "--model", model, "--at-fpr", "0.05", "--json"})).at(0);
  EXPECT_EQ(verdict["threshold"], 0.7);
  const Outcome rare = run({"verify", same1, same1, "--model", model, "--at-fpr", "0.0001"});
  EXPECT_NE(rare.out.find("their tail is modelled"), std::string::npos) << rare.out;
}

TEST_F(Command, VerifyWithoutCalibrationNeedsAThreshold) {
  write_small_model(model, false);
  EXPECT_TRUE(is_refusal(run({"verify", same1, same1, "--model", model}), model + ": "));
  EXPECT_TRUE(is_refusal(run({"verify", same1, same1, "--model", model, "--at-fpr", "0.1"}),
                         model + ": holds no calibration"));
  const auto verdict =
      objects(run({"verify", same1, same1, "--model", model, "--threshold", "0.3", "--json"}))
          .at(0);
  EXPECT_TRUE(verdict["llr"].is_null());
  EXPECT_EQ(verdict["same"], true);
}

TEST_F(Command, AugmentWritesClipsAsTrainingHearsThem) {
  const std::string recipe = path("recipe.toml"), manifest = path("clips.csv");
  write_file(recipe, "[augment]\ngain = 1\ngain_low_db = -6\ngain_high_db = -6\n");
  write_file(manifest, "path,label\ns1c1.wav,one\n" + same2 + ",\"o,ne\"\n");
  ASSERT_EQ(run({"augment", recipe, "--manifest", manifest, "-o", out}).code, 0);
  const Manifest written = read_manifest(out + "/manifest.csv");
  ASSERT_EQ(written.clips.size(), 2U);
  EXPECT_EQ(written.clips[0].name, "s1c1.flac");
  EXPECT_EQ(written.clips[1].label, "o,ne");
  const auto before = read_audio(same1).samples, after = read_audio(written.clips[0].path).samples;
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    ASSERT_NEAR(after[i], before[i] * std::pow(10.0, -6.0 / 20), 1.0 / 32768);

  write_file(recipe, "[augment]\ncolored_noise = 1\n");  // the same seed, the same bytes
  const auto noisy = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"augment", recipe, "--manifest", manifest, "-o", out};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words).code, 0);
    return read_file(out + "/s1c1.flac");
  };
  const std::string once = noisy({});
  EXPECT_EQ(noisy({"--threads", "1"}), once);
  EXPECT_NE(noisy({"--epoch", "1"}), once);
  EXPECT_NE(noisy({"--seed", "1"}), once);
  write_file(manifest, "path,label\ns1c1.wav,one\n./s1c1.wav,two\n");
  EXPECT_TRUE(is_refusal(run({"augment", recipe, "--manifest", manifest, "-o", path("none")}),
                         "would replace"));
  EXPECT_FALSE(std::filesystem::exists(path("none")));
}

TEST_F(Command, FeaturesAreThoseOfTheLibrary) {
  const Outcome outcome = run({"features", same1, "-o", out, "--json"});
  const Matrix frames = LogMel()(read_audio(same1).samples);
  EXPECT_EQ(read_npy(out), frames);
  EXPECT_EQ(objects(outcome).at(0),
            (Json{{"input", same1}, {"output", out}, {"frames", 78}, {"bins", 80}}));
}

TEST_F(Command, FeaturesFollowRecipeAndOverrides) {
  write_file(path("r.toml"), "[front_end]\nmel_bins = 20\nnorm = \"band\"\n");
  FrontEnd front_end;
  front_end.mel_bins = 20;
  front_end.norm = Norm::per_bin;
  const auto samples = read_audio(same1).samples;
  ASSERT_EQ(run({"features", same1, "-o", out, "--recipe", path("r.toml")}).code, 0);
  EXPECT_EQ(read_npy(out), LogMel(front_end)(samples));
  ASSERT_EQ(run({"features", same1, "-o", out, "--set", "front_end.mel_bins=20", "--set",
                 "front_end.norm=band"})
                .code,
            0);
  EXPECT_EQ(read_npy(out), LogMel(front_end)(samples));
  EXPECT_TRUE(is_refusal(run({"features", same1, "-o", out, "--set", "front_end.bins=20"}),
                         "--set front_end.bins=20: unknown key \"bins\""));
  EXPECT_TRUE(is_refusal(run({"features", same1, "-o", out, "--front-end", "kadli"}),
                         "did you mean \"kaldi\"?"));
}

TEST_F(Command, FeaturesTakeTheirDitherFromTheSeed) {
  const auto bytes = [&](const char* seed) {
    EXPECT_EQ(
        run({"features", same1, "-o", out, "--set", "front_end.dither=1", "--seed", seed}).code, 0);
    return read_file(out);
  };
  const std::string once = bytes("1");
  EXPECT_EQ(bytes("1"), once);
  EXPECT_NE(bytes("2"), once);
}

TEST_F(Command, FeaturesOfManyInputsFillAFolder) {
  const Outcome outcome = run({"features", same1, other, "-o", out, "--json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(objects(outcome).size(), 2U);
  EXPECT_EQ(listing(out), (std::vector<std::string>{out + "/s1c1.npy", out + "/s2c1.npy"}));
}

TEST_F(Command, AFrontEndHasANameOnTheCommandLine) {
  for (const char* name : {"wespeaker", "sherpa", "speechbrain", "librosa", "torchaudio"}) {
    ASSERT_EQ(run({"features", same1, "-o", out, "--front-end", name}).code, 0);
    EXPECT_EQ(read_npy(out), LogMel(front_end_preset(name))(read_audio(same1).samples)) << name;
  }
}

TEST_F(Command, AFlawOfTheSoundIsOneLineOnStandardError) {
  const std::string silent = path("silent.wav");
  write_audio(silent, {16000, std::vector<float>(32000)});
  const std::string told = "twinear: warning: " + silent + ": digital silence: every sample is 0\n";
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"features", silent, "-o", out + ".npy", "--json"},
                                             {"features", same1, silent, "-o", out, "--json"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, told);
    EXPECT_FALSE(objects(outcome).empty());
  }
  const Outcome untold = run({"verify", silent, silent, "--model", model});
  EXPECT_EQ(untold.code, 2);
  EXPECT_EQ(untold.out, "Cannot tell: " + silent + ": digital silence: every sample is 0.\n");
}

TEST_F(Command, FeaturesServeWhereverAudioDoes) {
  const std::string npy = path("s1c1.npy");
  const std::vector<std::string> same_front_end{"--set", "front_end.mel_bins=40", "--set",
                                                "front_end.norm=level"};
  std::vector<std::string> arguments{"features", same1, "-o", npy};
  arguments.insert(arguments.end(), same_front_end.begin(), same_front_end.end());
  ASSERT_EQ(run(arguments).code, 0);
  const auto score = [&](const std::string& clip) {
    return objects(run({"verify", clip, other, "--model", model, "--json"})).at(0)["score"];
  };
  EXPECT_EQ(score(npy), score(same1));
}

TEST_F(Command, EmbedKeepsTheOrderOfItsInputs) {
  const Outcome outcome =
      run({"embed", other, same1, same1, "--model", model, "-o", out, "--json"});
  EXPECT_EQ(keys(objects(outcome).at(0)),
            (std::set<std::string>{"output", "clips", "left_out", "dimension", "model_id"}));
  const SafetensorsFile file(out);
  const auto& embeddings = file.tensor("embeddings");
  EXPECT_EQ(embeddings.shape, (std::vector<std::size_t>{3, 80}));
  EXPECT_EQ(Json::parse(file.text("paths")), (Json{other, same1, same1}));
  EXPECT_EQ(Json::parse(file.text("labels")), (Json{"", "", ""}));
  EXPECT_EQ(file.text("model_id"), load_model(model).id);
  const auto row = [&](std::size_t i) {
    const auto values = embeddings.values.subspan(80 * i, 80);
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_EQ(row(1), row(2));
  EXPECT_NE(row(0), row(1));
}

TEST_F(Command, EmbedTakesPathsAndLabelsFromAManifest) {
  write_file(path("c.csv"), "path,label\ns2c1.wav,bob\ns1c1.wav,ada\n");
  ASSERT_EQ(run({"embed", "--manifest", path("c.csv"), "--model", model, "-o", out}).code, 0);
  const SafetensorsFile file(out);
  EXPECT_EQ(Json::parse(file.text("paths")), (Json{"s2c1.wav", "s1c1.wav"}));
  EXPECT_EQ(Json::parse(file.text("labels")), (Json{"bob", "ada"}));
}

TEST_F(Command, ScoreFollowsTheTrials) {
  std::filesystem::create_directory(path("lists"));
  const std::string trials = path("lists/trials.txt");
  write_file(trials, "s1c1.wav s2c1.wav nontarget\ns1c1.wav s1c2.wav target\n");
  EXPECT_TRUE(is_refusal(run({"score", "--trials", trials, "--model", model, "-o", out}),
                         path("lists/s1c1.wav: ")));
  const Outcome outcome =
      run({"score", "--trials", trials, "--root", path(""), "--model", model, "-o", out, "--json"});
  EXPECT_EQ(objects(outcome).at(0)["targets"], 1);
  const auto scores = read_scores(out);
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].trial, (Trial{"s1c1.wav", "s2c1.wav", false}));
  EXPECT_EQ(scores[1].trial, (Trial{"s1c1.wav", "s1c2.wav", true}));
  EXPECT_EQ(scores[1].score,
            objects(run({"verify", same1, same2, "--model", model, "--json"})).at(0)["score"]);
}

TEST_F(Command, EvalGivesALineForEachSystem) {
  write_file(path("a.txt"), "a b 2 target\nc d 1 target\na c -1 nontarget\nb d -2 nontarget\n");
  write_file(path("b.txt"), "a b 2 target\nc d -3 target\na c -1 nontarget\nb d -2 nontarget\n");
  const Outcome outcome = run({"eval", path("a.txt"), path("b.txt"), "--json", "--report", out});
  const auto systems = objects(outcome);
  ASSERT_EQ(systems.size(), 2U);
  EXPECT_EQ(systems[0]["eer"], 0.0);
  EXPECT_GT(systems[1]["eer"], 0.0);
  EXPECT_EQ(keys(systems[0]), (std::set<std::string>{"scores",
                                                     "targets",
                                                     "nontargets",
                                                     "speakers",
                                                     "eer",
                                                     "eer_interval",
                                                     "eer_interpolated",
                                                     "eer_threshold",
                                                     "min_dcf_001",
                                                     "min_dcf_001_interval",
                                                     "min_dcf_005",
                                                     "min_dcf_005_interval",
                                                     "act_dcf_001",
                                                     "act_dcf_001_interval",
                                                     "act_dcf_005",
                                                     "act_dcf_005_interval",
                                                     "cllr",
                                                     "cllr_interval",
                                                     "min_cllr",
                                                     "min_cllr_interval",
                                                     "top_1",
                                                     "top_1_interval",
                                                     "tasks",
                                                     "llrs",
                                                     "miss",
                                                     "miss_interval",
                                                     "false_alarm",
                                                     "false_alarm_interval",
                                                     "reliability"}));
  EXPECT_NE(read_file(out).find("<html"), std::string::npos);
  EXPECT_EQ(run({"eval", path("a.txt"), path("b.txt"), "--json", "--threads", "1"}).out,
            outcome.out);
}

TEST_F(Command, EvalPrintsATable) {
  write_file(path("a.txt"), "a b 2 target\nc d 1 target\na c -1 nontarget\nb d -2 nontarget\n");
  const Outcome outcome = run({"eval", path("a.txt")});
  EXPECT_NE(outcome.out.find("2 trials of the same source, 2 of different ones, 2 sources"),
            std::string::npos);
  EXPECT_NE(outcome.out.find("EER, %             0.000"), std::string::npos) << outcome.out;
}

TEST_F(Command, CalibrateWritesTheModelAnew) {
  std::string scores;
  for (int i = 0; i < 40; ++i)
    scores += "a" + std::to_string(i) + " b " + std::to_string(0.3 + 0.01 * i) + " target\na" +
              std::to_string(i) + " c " + std::to_string(0.01 * i) + " nontarget\n";
  write_file(path("dev.txt"), scores);
  const Outcome outcome =
      run({"calibrate", "--model", model, "--scores", path("dev.txt"), "-o", out, "--json"});
  const auto told = objects(outcome).at(0);
  const Model before = load_model(model), after = load_model(out);
  EXPECT_EQ(after.calibration->source, path("dev.txt"));
  EXPECT_EQ(told["calibration"]["scale"], after.calibration->scale);
  EXPECT_EQ(told["even_odds_threshold"], after.calibration->threshold());
  EXPECT_NE(after.calibration->scale, before.calibration->scale);
  EXPECT_EQ(after.front_end, before.front_end);
  ASSERT_EQ(
      run({"calibrate", "--model", model, "--scores", path("dev.txt"), "-o", model, "--quiet"})
          .code,
      0);
  EXPECT_EQ(read_file(model), read_file(out));
  ASSERT_EQ(run({"calibrate", "--model", model, "--scores", path("dev.txt"), "--source",
                 "forty of each", "-o", out})
                .code,
            0);
  EXPECT_EQ(load_model(out).calibration->source, "forty of each");
}

TEST_F(Command, FeaturesArePlottedWithOrWithoutTheNumbers) {
  EXPECT_EQ(run({"features", same1, "--plot", path("alone.svg")}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("alone.svg")));
  EXPECT_EQ(run({"features", same1, "-o", path("f.npy"), "--plot", path("f.png")}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("f.npy")) && std::filesystem::exists(path("f.png")));
  EXPECT_TRUE(is_refusal(run({"features", same1, "--plot", path("f.gif")}), ".svg or .png"));
  EXPECT_TRUE(is_refusal(run({"features", same1, same2, "--plot", path("g.svg")}), "one clip"));
  EXPECT_TRUE(is_refusal(run({"features", same1}), "expected --out or --plot"));
}

TEST_F(Command, InfoTellsWhatAModelIs) {
  const auto info = objects(run({"info", model, "--selftest", "--json"})).at(0);
  EXPECT_EQ(keys(info), (std::set<std::string>{"model", "id", "encoder", "front_end", "calibration",
                                               "provenance", "selftest"}));
  EXPECT_EQ(keys(info["encoder"]), (std::set<std::string>{"kind", "dimension", "parameters",
                                                          "multiply_adds_per_second", "layers"}));
  EXPECT_EQ(info["encoder"]["dimension"], 80);
  EXPECT_EQ(info["front_end"]["mel_bins"], 40);
  EXPECT_EQ(info["calibration"]["source"], "nothing, by hand");
  EXPECT_LT(info["selftest"].get<double>(), 1e-4);
  const Outcome text = run({"info", model});
  EXPECT_EQ(text.code, 0);
  EXPECT_TRUE(std::regex_search(text.out, std::regex("\n  norm +global\n"))) << text.out;
}

TEST_F(Command, OneThreadGivesTheSameBytesAsTwo) {
  write_file(path("trials.txt"), "1 s1c1.wav s1c2.wav\n0 s1c1.wav s2c1.wav\n");
  const auto outputs = [&](const std::string& threads) {
    const std::string to = path("at" + threads);
    std::filesystem::create_directory(to);
    for (std::vector<std::string> command :
         {std::vector<std::string>{"features", same1, same2, other, "-o", to + "/features"},
          {"embed", same1, same2, other, "--model", model, "-o", to + "/embeddings"},
          {"score", "--trials", path("trials.txt"), "--model", model, "-o", to + "/scores"}}) {
      command.insert(command.end(), {"--threads", threads});
      EXPECT_EQ(run(command).code, 0) << command[0];
    }
    std::string bytes;
    for (const auto& file : listing(to))
      if (!std::filesystem::is_directory(file)) bytes += read_file(file);
    return bytes;
  };
  EXPECT_EQ(outputs("1"), outputs("2"));
}

}  // namespace
}  // namespace twinear
