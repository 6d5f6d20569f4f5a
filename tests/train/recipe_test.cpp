// SPDX-License-Identifier: Apache-2.0
#include "train/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

class RecipeFile : public ::testing::Test {
 protected:
  Recipe read(const std::string& toml, const std::vector<std::string>& overrides = {}) const {
    write_file(path, toml);
    return read_recipe(path, overrides);
  }
  /// What the refusal says after the path of the recipe.
  std::string refusal(const std::string& toml,
                      const std::vector<std::string>& overrides = {}) const {
    try {
      read(toml, overrides);
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      const std::string text = e.what();
      return text.starts_with(path) ? text.substr(path.size()) : text;
    }
    return "nothing was refused";
  }

  TemporaryFolder folder;
  const std::string path = folder / "recipe.toml";
};

TEST_F(RecipeFile, AKeyByItsFormerNameIsReadAndALineNamesTheNewOne) {
  write_file(path, "[augment]\ncoloured_noise = 1\n[front_end]\nvad_least_seconds = 2\n");
  std::vector<std::string> lines;
  const Recipe recipe =
      read_recipe(path, {}, [&](const std::string& line) { lines.push_back(line); });
  EXPECT_EQ(recipe.augment.colored_noise, 1);
  EXPECT_EQ(recipe.front_end.vad_options.min_seconds, 2);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       path + ":2: \"coloured_noise\" is now called \"colored_noise\"",
                       path + ":4: \"vad_least_seconds\" is now called \"vad_min_seconds\""}));
  EXPECT_EQ(refusal("[augment]\ncoloured_noise = 1\ncolored_noise = 1\n"),
            ":2: \"coloured_noise\" and \"colored_noise\" are the same key");
}

TEST_F(RecipeFile, EmptyOneIsTheDefaults) {
  EXPECT_EQ(recipe_json(read("")), recipe_json(Recipe{}));
}

/// A recipe that says another than the default for each key.
constexpr const char* every_key = R"(
[front_end]
preset = "kaldi"
sample_rate = 8000
window_ms = 20
hop_ms = 5.5
window = "hamming"
preemphasis = 0.9
remove_dc = false
dither = 0.5
fft_size = 400
mel_bins = 24
low_hz = 100
high_hz = -200
snip_edges = false
scale = 1
power = 1
log = "db"
norm = "per-bin-variance"
[encoder]
kind = "compact"
embedding = 32
channels = [8, 16]
strides = [1, 3]
input_norm = true
pooled_norm = false
[loss]
kind = "triplet"
margin = 0.5
margin_start = 0.25
margin_from = 2
margin_until = 8
form = "soft"
mean = "all"
distance = "squared"
[mining]
kind = "semi-hard"
[sampler]
kind = "clip-proportional"
labels = 5
clips = 7
hard = 0.25
[optimizer]
kind = "adam"
learning_rate = 0.01
weight_decay = 0.5
beta1 = 0.8
beta2 = 0.99
epsilon = 1e-6
warmup_steps = 3
schedule = "triangular2"
final_learning_rate = 1e-8
decay = 0.3
decay_epochs = 6
cycle_steps = 70
plateau = 2
clip_norm = 0
[train]
epochs = 2
accumulate = 8
average = 0.99
patience = 11
init = "old.safetensors"
reinit = "projection"
freeze = ["conv*", "norm1"]
freeze_epochs = 1
prefetch = 9
crop_seconds = 1.5
eval_every = 3
log_every = 4
checkpoint_every = 6
cache_mb = 0
stop_on_collapse = false
[data]
train = ["a.csv", "/b.csv"]
weights = [3, 1]
source = "bird song"
dev = "sub/c.csv"
[eval]
dev_trials = 99
)";

TEST_F(RecipeFile, EveryKeyOfTheFrontEndIsRead) {
  const Recipe r = read(every_key);
  FrontEnd f;
  f.sample_rate = 8000;
  f.window_ms = 20;
  f.hop_ms = 5.5;
  f.window = Window::hamming;
  f.preemphasis = 0.9;
  f.remove_dc = false;
  f.dither = 0.5;
  f.fft_size = 400;
  f.mel_bins = 24;
  f.low_hz = 100;
  f.high_hz = -200;
  f.snip_edges = false;
  f.scale = 1;
  f.power = 1;
  f.log = LogScale::db;
  f.norm = Norm::per_bin_variance;
  EXPECT_EQ(r.front_end, f);
}

TEST_F(RecipeFile, EveryKeyOfTheEncoderIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.encoder.kind, "compact");
  EXPECT_EQ(r.encoder.keys, (Values{{"embedding", 32},
                                    {"channels", std::vector{8, 16}},
                                    {"strides", std::vector{1, 3}},
                                    {"input_norm", true},
                                    {"pooled_norm", false}}));
}

TEST_F(RecipeFile, EveryKeyOfTheLossAndItsMiningIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.loss.kind, "triplet");
  EXPECT_EQ(r.loss.keys, (Values{{"margin", 0.5},
                                 {"margin_start", 0.25},
                                 {"margin_from", 2},
                                 {"margin_until", 8},
                                 {"form", "soft"},
                                 {"mean", "all"},
                                 {"distance", "squared"}}));
  EXPECT_EQ(r.loss.mining, (Values{{"kind", "semi-hard"}, {"memory", 0}}));
}

TEST_F(RecipeFile, EveryKeyOfTheSamplerIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.sampler.draw, LabelDraw::proportional);
  EXPECT_EQ(r.sampler.labels, 5);
  EXPECT_EQ(r.sampler.clips, 7);
  EXPECT_EQ(r.sampler.hard, 0.25);
}

TEST_F(RecipeFile, EveryKeyOfTheOptimizerIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.optimizer.kind, "adam");
  EXPECT_EQ(r.optimizer.learning_rate, 0.01);
  EXPECT_EQ(r.optimizer.weight_decay, 0.5);
  EXPECT_EQ(r.optimizer.beta1, 0.8);
  EXPECT_EQ(r.optimizer.beta2, 0.99);
  EXPECT_EQ(r.optimizer.epsilon, 1e-6);
  EXPECT_EQ(r.optimizer.warmup_steps, 3);
  EXPECT_EQ(r.optimizer.schedule, "triangular2");
  EXPECT_EQ(r.optimizer.final_learning_rate, 1e-8);
  EXPECT_EQ(r.optimizer.decay, 0.3);
  EXPECT_EQ(r.optimizer.decay_epochs, 6);
  EXPECT_EQ(r.optimizer.cycle_steps, 70);
  EXPECT_EQ(r.optimizer.plateau, 2);
  EXPECT_EQ(r.optimizer.clip_norm, 0.0);
}

TEST_F(RecipeFile, EveryKeyOfTrainingIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.train.epochs, 2);
  EXPECT_EQ(r.train.accumulate, 8);
  EXPECT_EQ(r.train.average, 0.99);
  EXPECT_EQ(r.train.patience, 11);
  EXPECT_EQ(r.train.init, folder / "old.safetensors");
  EXPECT_EQ(r.train.reinit, std::vector<std::string>{"projection"});
  EXPECT_EQ(r.train.freeze, (std::vector<std::string>{"conv*", "norm1"}));
  EXPECT_EQ(r.train.freeze_epochs, 1);
  EXPECT_EQ(r.train.prefetch, 9);
  EXPECT_EQ(r.train.crop_seconds, 1.5);
  EXPECT_EQ(r.train.eval_every, 3);
  EXPECT_EQ(r.train.log_every, 4);
  EXPECT_EQ(r.train.checkpoint_every, 6);
  EXPECT_EQ(r.train.cache_mb, 0);
  EXPECT_FALSE(r.train.stop_on_collapse);
}

TEST_F(RecipeFile, EveryKeyOfDataAndEvaluationIsRead) {
  const Recipe r = read(every_key);
  EXPECT_EQ(r.data.train, (std::vector<std::string>{folder / "a.csv", "/b.csv"}));
  EXPECT_EQ(r.data.weights, (std::vector{3, 1}));
  EXPECT_EQ(r.data.source, "bird song");
  EXPECT_EQ(r.data.dev, folder / "sub/c.csv");
  EXPECT_EQ(r.eval.dev_trials, 99);
}

TEST_F(RecipeFile, EveryLossHasKeysOfItsOwn) {
  Recipe r = read(
      "[loss]\ndistance = \"cosine\"\n[mining]\nkind = \"distance-weighted\"\n"
      "memory = 512\n");
  EXPECT_EQ(r.loss.keys.back(), (Values::value_type{"distance", "cosine"}));
  EXPECT_EQ(r.loss.mining, (Values{{"kind", "distance-weighted"}, {"memory", 512}}));
  r = read("[loss]\nkind = \"contrastive\"\n[mining]\nkind = \"hard\"\nmemory = 256\n");
  EXPECT_EQ(r.loss.kind, "contrastive");
  EXPECT_EQ(r.loss.mining, (Values{{"kind", "hard"}, {"memory", 256}}));
  for (const std::string kind : {"angular-prototypical", "ge2e"}) {
    r = read("[loss]\nkind = \"" + kind + "\"\nscale = 20\noffset = -2\n");
    EXPECT_EQ(r.loss.kind, kind);
    EXPECT_EQ(r.loss.keys, (Values{{"scale", 20.0}, {"offset", -2.0}}));
  }
  r = read("[loss]\nkind = \"prototypical\"\nshots = 2\nscale = 4\n");
  EXPECT_EQ(r.loss.keys, (Values{{"shots", 2}, {"scale", 4.0}}));
  r = read("[loss]\nkind = \"aam-softmax\"\nmargin = 0.3\nscale = 32\nsub_centers = 3\n");
  EXPECT_EQ(r.loss.keys, (Values{{"margin_start", 0.0},
                                 {"margin_from", 0},
                                 {"margin_until", 0},
                                 {"margin", 0.3},
                                 {"scale", 32.0},
                                 {"sub_centers", 3}}));
  r = read("[loss]\nkind = \"supcon\"\ntemperature = 0.07\n");
  EXPECT_EQ(r.loss.keys, (Values{{"temperature", 0.07}}));
  const auto json = nlohmann::ordered_json::parse(recipe_json(r));
  EXPECT_EQ(json["loss"].size(), 2U);
  EXPECT_TRUE(json["mining"].empty());
}

TEST_F(RecipeFile, AnEncoderMayBeListedLayerByLayer) {
  const Recipe r = read(R"(
[encoder]
kind = "layers"
[[encoder.layers]]
kind = "conv1d"
out = 16
kernel = 3
[[encoder.layers]]
kind = "gelu"
name = "bend"
[[encoder.layers]]
kind = "add"
inputs = ["bend", "conv1d1"]
[[encoder.layers]]
kind = "stats_pool"
)");
  const EncoderSpec spec = encoder_spec(r.encoder, 80);
  std::vector<std::string> names;
  for (const LayerSpec& layer : spec.layers) names.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1d1", "bend", "add3", "stats_pool4"}));
  EXPECT_EQ(Encoder(spec, 0).dimension(), 32U);
  const auto json = nlohmann::ordered_json::parse(recipe_json(r));
  EXPECT_EQ(json["encoder"]["layers"][0]["kernel"], 3);
  EXPECT_EQ(refusal("[encoder]\nkind = \"layers\"\nlayers = [{kind = \"conv1d\", kernl = 3}]\n"),
            ":3: layers[0]: unknown key \"kernl\"; did you mean \"kernel\"?");
  EXPECT_NE(refusal("[encoder]\nkind = \"layers\"\nlayers = [{kind = \"gelo\"}]\n")
                .find("unknown layer \"gelo\"; did you mean \"gelu\"?"),
            std::string::npos);
  EXPECT_EQ(refusal("[encoder]\nkind = \"layers\"\nlayers = 3\n"),
            ":3: layers: expected a list of objects, found 3");
}

TEST_F(RecipeFile, OptionsOfAnotherArchitectureAreIgnored) {
  const Recipe r = read("[encoder]\nchannels = [8]\nstrides = [1]\n", {"encoder.kind=statistics"});
  EXPECT_EQ(r.encoder, (EncoderOptions{.kind = "statistics"}));
  EXPECT_EQ(refusal("[encoder]\nkind = \"ecapa\"\nwidht = 64\n"),
            ":3: unknown key \"widht\" in [encoder]; did you mean \"width\"?");
}

TEST_F(RecipeFile, NamesEveryLossAndIsReadBackFromItsJson) {
  for (const auto& kind : losses().names()) {
    const bool taught = make_loss({.kind = kind})->needs().teacher;
    const Recipe r = read("[loss]\nkind = \"" + kind + "\"\n" +
                          (taught ? "[teacher]\nmodel = \"t.safetensors\"\n" : ""));
    EXPECT_EQ(r.loss.kind, kind);
    Recipe in_code;
    in_code.loss = {.kind = kind};
    if (taught) in_code.teacher.model = folder / "t.safetensors";
    EXPECT_EQ(recipe_json(r), recipe_json(in_code)) << kind;
    in_code.loss.keys = {{"no such key", 1}};
    EXPECT_THROW(recipe_json(in_code), Error) << kind;
  }
}

TEST_F(RecipeFile, OverridesComeLast) {
  const Recipe r = read("[train]\nepochs = 2\n",
                        {"train.epochs=3", "encoder.channels=[4, 4, 4]", "loss.form=soft"});
  EXPECT_EQ(r.train.epochs, 3);
  EXPECT_EQ(std::get<std::vector<int>>(r.encoder.keys.at(1).second), (std::vector{4, 4, 4}));
  EXPECT_EQ(r.loss.keys[4], (Values::value_type{"form", "soft"}));
}

TEST_F(RecipeFile, PathsOfAnOverrideStartWhereTheShellIs) {
  const Recipe r = read("[data]\ntrain = \"a.csv\"\ndev = \"d.csv\"\n", {"data.train=b.csv"});
  EXPECT_EQ(r.data.train, (std::vector<std::string>{"b.csv"}));
  EXPECT_EQ(r.data.dev, folder / "d.csv");
}

TEST_F(RecipeFile, UnknownKeyIsToldWithItsLineAndTheNearest) {
  EXPECT_EQ(refusal("[train]\n\nepoch = 3\n"),
            ":3: unknown key \"epoch\" in [train]; did you mean \"epochs\"?");
  EXPECT_EQ(refusal("[front_end]\nmelbins = 3\n"),
            ":2: unknown key \"melbins\" in [front_end]; did you mean \"mel_bins\"?");
  EXPECT_EQ(refusal("", {"sampler.label=3"}),
            "--set sampler.label=3: unknown key \"label\" in [sampler]; did you mean \"labels\"?");
  EXPECT_EQ(refusal("", {"data.trian=3"}),
            "--set data.trian=3: unknown key \"trian\" in [data]; did you mean \"train\"?");
}

TEST_F(RecipeFile, UnknownTableIsToldWithItsLineAndTheNearest) {
  EXPECT_EQ(refusal("\n[optimiser]\n"), ":2: unknown table [optimiser]; did you mean [optimizer]?");
  EXPECT_EQ(refusal("", {"samplers.labels=3"}),
            "--set samplers.labels=3: unknown table [samplers]; did you mean [sampler]?");
}

TEST_F(RecipeFile, WrongTypeIsTold) {
  EXPECT_EQ(refusal("[train]\nepochs = \"three\"\n"),
            ":2: epochs: expected a whole number, found \"three\"");
  EXPECT_EQ(refusal("[encoder]\nchannels = 3\n"),
            ":2: channels: expected a list of whole numbers, found 3");
  EXPECT_EQ(refusal("[front_end]\npreset = 3\n"), ":2: preset: expected a text, found 3");
}

TEST_F(RecipeFile, ValueOutOfRangeIsTold) {
  EXPECT_EQ(refusal("[sampler]\nclips = 0\n"),
            ":2: clips: expected a value from 1 to 65536, found 0");
  EXPECT_EQ(refusal("[loss]\nmargin = 0\n"),
            ":2: margin: expected a value from 0.001 to 4, found 0");
  std::string kinds;
  for (const auto& kind : losses().names()) kinds += (kinds.empty() ? "" : ", ") + kind;
  EXPECT_EQ(refusal("[loss]\nkind = \"arcface\"\n"),
            ":2: kind: expected one of " + kinds + ", found \"arcface\"");
  EXPECT_EQ(refusal("[mining]\nmemory = -1\n"),
            ":2: memory: expected a value from 0 to 1048576, found -1");
}

TEST_F(RecipeFile, AnUnknownKindIsToldWithTheNearest) {
  EXPECT_TRUE(refusal("[loss]\nkind = \"tripel\"\n")
                  .ends_with("found \"tripel\"; did you mean \"triplet\"?"));
  EXPECT_TRUE(refusal("[optimizer]\nschedule = \"cosin\"\n")
                  .ends_with("found \"cosin\"; did you mean \"cosine\"?"));
}

TEST_F(RecipeFile, UnknownPresetIsToldWithTheNearest) {
  EXPECT_NE(refusal("[front_end]\npreset = \"kadli\"\n").find("did you mean \"kaldi\"?"),
            std::string::npos);
}

TEST_F(RecipeFile, KeysOfTheOtherLossAreRefused) {
  EXPECT_EQ(refusal("[loss]\nkind = \"contrastive\"\nform = \"soft\"\n"),
            ":3: unknown key \"form\" in [loss] (the loss is contrastive)");
  EXPECT_EQ(refusal("[loss]\nkind = \"contrastive\"\n[mining]\nkind = \"batch-hard\"\n"),
            ":4: kind: expected one of all, balanced, hard, found \"batch-hard\" (the loss is "
            "contrastive)");
  EXPECT_EQ(refusal("[mining]\nkind = \"balanced\"\n"),
            ":2: kind: expected one of batch-all, batch-hard, semi-hard, distance-weighted, "
            "random, found \"balanced\"");
  EXPECT_EQ(refusal("[loss]\nkind = \"ge2e\"\nmargin = 0.2\n"),
            ":3: unknown key \"margin\" in [loss] (the loss is ge2e)");
  EXPECT_EQ(refusal("[loss]\nkind = \"supcon\"\n[mining]\nmemory = 100\n"),
            ":4: unknown key \"memory\" in [mining] (the loss is supcon)");
  EXPECT_EQ(refusal("[loss]\ntemperature = 0.1\n"), ":2: unknown key \"temperature\" in [loss]");
}

TEST_F(RecipeFile, ALossThatNeedsOtherBatchesThanTheSamplersIsRefusedWithTheReason) {
  EXPECT_EQ(
      refusal("[loss]\nkind = \"prototypical\"\nshots = 5\n[sampler]\nclips = 5\n"),
      ": loss.kind = \"prototypical\" needs sampler.clips of at least 6, found 5: shots clips "
      "support a label, and at least one asks for it");
  EXPECT_EQ(read("[loss]\nkind = \"prototypical\"\nshots = 5\n[sampler]\nclips = 6\n").loss.keys[0],
            (Values::value_type{"shots", 5}));
}

TEST_F(RecipeFile, ValuesThatDoNotFitTogetherAreRefused) {
  EXPECT_EQ(refusal("[encoder]\nchannels = [8, 8]\n"),
            ": encoder: expected channels and a stride for each convolution, found 2 channels and "
            "3 strides");
  EXPECT_EQ(refusal("[encoder]\nchannels = []\nstrides = []\n"),
            ": encoder: expected channels and a stride for each convolution, found 0 channels and "
            "0 strides");
  EXPECT_EQ(refusal("[train]\ncrop_seconds = 0.1\n[front_end]\nwindow_ms = 200\n"),
            ": [train] crop_seconds = 0.1 is shorter than one window of 200 ms");
  EXPECT_TRUE(refusal("[front_end]\nhigh_hz = 9000\n").starts_with(": front end: "));
}

TEST_F(RecipeFile, WhatATrainingFeatureLacksIsTold) {
  EXPECT_EQ(refusal("[optimizer]\nschedule = \"exponential\"\n"),
            ": [optimizer] schedule = \"exponential\" needs a final_learning_rate above 0");
  EXPECT_EQ(refusal("[loss]\nmargin_from = 4\nmargin_until = 4\n"),
            ": [loss] margin_from = 4 is not before margin_until = 4");
  EXPECT_EQ(refusal("[train]\nreinit = \"a\"\n"),
            ": [train] reinit names layers of a model, but init names no model");
  EXPECT_EQ(refusal("[train]\npatience = 3\n"),
            ": train.patience waits for a better EER on dev, but [data] names no dev");
  EXPECT_EQ(refusal("[optimizer]\nplateau = 3\n"),
            ": optimizer.plateau waits for a better EER on dev, but [data] names no dev");
  EXPECT_EQ(refusal("[data]\nsource = \"Bird\"\n"),
            ": a source is named by 1 to 32 lower-case letters, hyphens and blanks");
  EXPECT_EQ(refusal("[data]\ntrain = \"a.csv\"\nweights = [1, 2]\n"),
            ": [data] has 2 weights for 1 train manifests");
  EXPECT_NE(refusal("[loss]\nkind = \"ge2e\"\nmargin_start = 0.1\n").find("margin_start"),
            std::string::npos);  // it has no margin
}

/// A loss of three terms.
constexpr const char* sum = R"(
[loss]
kind = "sum"
[[loss.terms]]
kind = "teacher-cosine"
[[loss.terms]]
kind = "teacher-table"
weight = 5
[[loss.terms]]
kind = "triplet"
weight = 0.5
margin = 0.2
[mining]
kind = "random"
)";

TEST_F(RecipeFile, ASumOfLossesHasATableForEachTerm) {
  const Recipe r = read(sum + std::string("[teacher]\nmodel = \"big.safetensors\"\n"));
  const auto json = nlohmann::ordered_json::parse(recipe_json(r));
  EXPECT_EQ(json["loss"]["terms"][1]["weight"], 5);
  EXPECT_EQ(json["loss"]["terms"][2]["margin"].get<float>(), 0.2F);
  EXPECT_EQ(json["mining"]["kind"], "random");
  const BatchNeed need = make_loss(r.loss)->needs();
  EXPECT_EQ(need.clips, 2);
  EXPECT_EQ(need.labels, LabelUse::some);
  EXPECT_TRUE(need.teacher);
  EXPECT_NE(refusal("[loss]\nkind = \"sum\"\n[[loss.terms]]\nkind = \"ge2e\"\nmargin = 1\n")
                .find("terms[0]: unknown key \"margin\""),
            std::string::npos);
}

TEST_F(RecipeFile, ATeacherIsAFileOrANameAndGoesWithALossThatNeedsIt) {
  const std::string cosine = "[loss]\nkind = \"teacher-cosine\"\n[teacher]\n";
  const Recipe file = read(cosine +
                           "model = \"sub/big.safetensors\"\nhears = \"crop\"\nmax_seconds = 3\n"
                           "precision = \"bf16\"\n");
  EXPECT_EQ(file.teacher.model, folder / "sub/big.safetensors");
  EXPECT_EQ(file.teacher.hears, Hearing::crop);
  EXPECT_EQ(file.teacher.max_seconds, 3);
  EXPECT_EQ(file.teacher.precision, Precision::bf16);
  EXPECT_EQ(read(cosine + "model = \"speaker\"\n").teacher.model, "speaker");
  write_file(folder / "speaker", "");
  EXPECT_EQ(read(cosine + "model = \"speaker\"\n").teacher.model, folder / "speaker");
  const auto json = nlohmann::ordered_json::parse(recipe_json(file));
  EXPECT_EQ(json["teacher"]["hears"], "crop");
  EXPECT_FALSE(nlohmann::ordered_json::parse(recipe_json(Recipe{})).contains("teacher"));

  EXPECT_EQ(refusal(cosine),
            ": loss.kind = \"teacher-cosine\" needs a teacher, but [teacher] names no model");
  EXPECT_EQ(refusal("[teacher]\nmodel = \"big.safetensors\"\n"),
            ": [teacher] names a model, but loss.kind = \"triplet\" needs no teacher; "
            "teacher-cosine and teacher-table do");
}

TEST_F(RecipeFile, TextThatIsNotTomlIsToldWithItsLine) {
  EXPECT_TRUE(refusal("[train]\nepochs = \n").starts_with(":2: "));
}

TEST_F(RecipeFile, JsonHasATableForEachOfTheRecipes) {
  const auto json = nlohmann::ordered_json::parse(recipe_json(Recipe{}));
  std::vector<std::string> tables;
  for (const auto& [name, table] : json.items()) tables.push_back(name);
  EXPECT_EQ(tables, (std::vector<std::string>{"front_end", "encoder", "loss", "mining", "sampler",
                                              "augment", "optimizer", "train", "data", "eval"}));
  EXPECT_EQ(json["mining"]["kind"], "batch-hard");
  EXPECT_EQ(json["train"]["epochs"], 30);
}

TEST(FrontEndSettings, OverridesAloneAreEnough) {
  EXPECT_EQ(read_front_end("", {"front_end.mel_bins=40"}, "kaldi").mel_bins, 40);
  EXPECT_THROW(read_front_end("", {"train.epochs=3"}, "kaldi"), Error);
}

}  // namespace
}  // namespace twinear
