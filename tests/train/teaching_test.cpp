// SPDX-License-Identifier: Apache-2.0
// An encoder that learns from a teacher, with and without labels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "augment/speed.h"
#include "base/files.h"
#include "base/threads.h"
#include "model/safetensors.h"
#include "nn/network.h"
#include "train/corpus.h"
#include "train/run.h"
#include "train/sound_corpus.h"
#include "twinear/audio.h"
#include "twinear/clip_features.h"
#include "twinear/learner.h"
#include "twinear/model.h"
#include "twinear/teacher.h"
#include "twinear/trainer.h"

namespace twinear {
namespace {

/// teacher-cosine + 5 teacher-table, and perhaps another loss.
LossOptions taught_by_both(const Values& more = {}) {
  std::vector<Values> terms{{{"kind", "teacher-cosine"}},
                            {{"kind", "teacher-table"}, {"weight", 5.0}}};
  if (!more.empty()) terms.push_back(more);
  return {.kind = "sum", .keys = {{"terms", terms}}};
}

/// The same corpus with another column of labels: of each line, `label` makes one.
template <class MakeLabel>
void relabel(const std::string& manifest, const std::string& header, const MakeLabel& label) {
  std::istringstream lines(read_file(manifest));
  std::string text = header + "\n", line;
  std::getline(lines, line);
  for (int i = 0; std::getline(lines, line); ++i)
    text += line.substr(0, line.find(',')) + label(i, line.substr(line.find(',') + 1)) + "\n";
  write_file(manifest, text);
}
void drop_labels(const std::string& manifest) {
  relabel(manifest, "path", [](int, const std::string&) { return std::string(); });
}

/// A model of its own front end that nobody trained.
std::string write_model(const std::string& path, const FrontEnd& front_end, int embedding,
                        std::uint64_t seed = 21) {
  const EncoderSpec spec = EncoderSpec::compact({.bins = front_end.mel_bins,
                                                 .channels = {12, 12},
                                                 .strides = {1, 1},
                                                 .embedding = embedding});
  save_model({.front_end = front_end,
              .encoder = Encoder(spec, seed),
              .calibration = {},
              .provenance = "{}",
              .id = {}},
             path);
  return path;
}

/// A front end that nothing else here has: another rate, hop, scale and number of bins.
FrontEnd other_front_end() {
  FrontEnd front_end;
  front_end.sample_rate = 8000;
  front_end.hop_ms = 12.5;
  front_end.mel_bins = 17;
  front_end.norm = Norm::per_bin;
  return front_end;
}

std::string bytes(const std::string& out) {
  return read_file(out + "/model.safetensors") + read_file(out + "/last.safetensors");
}

/// What the log says of each evaluation.
std::vector<nlohmann::json> evaluations(const std::string& out) {
  std::vector<nlohmann::json> found;
  std::istringstream lines(read_file(out + "/log.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (auto json = nlohmann::json::parse(line); json.contains("epoch")) found.push_back(json);
  return found;
}

/// Voices as features, and a teacher that was trained on their labels.
class Teaching : public ::testing::Test {
 protected:
  Teaching() : recipe(small_recipe(folder)) {
    train(recipe, {.out = folder / "teacher", .seed = 8});
    recipe.teacher.model = folder / "teacher/model.safetensors";
    recipe.loss = taught_by_both();
    recipe.sampler = {.labels = 12, .clips = 1};
    recipe.optimizer.learning_rate = 1e-2;
    recipe.train.epochs = 20;  // of 6 steps
    recipe.train.eval_every = 5;
  }
  TemporaryFolder folder;
  Recipe recipe;
};

TEST_F(Teaching, ClipsWithoutLabelsTrainAndTheCosineToTheTeacherDecides) {
  drop_labels(recipe.data.train[0]);
  drop_labels(recipe.data.dev);
  std::vector<EpochReport> reports;
  const TrainResult result = train(
      recipe,
      {.out = folder / "run", .on_epoch = [&](const EpochReport& r) { reports.push_back(r); }});
  EXPECT_TRUE(std::isnan(result.dev_eer));
  EXPECT_GT(result.dev_cosine, 0.8);
  EXPECT_GT(result.dev_cosine, reports.front().dev_cosine);
  const auto best = std::ranges::max_element(reports, {}, &EpochReport::dev_cosine);
  EXPECT_EQ(result.best_epoch, best->epoch);
  EXPECT_TRUE(best->best);
  const auto logged = evaluations(folder / "run");
  EXPECT_NEAR(logged.back().at("dev_cosine").get<double>(), reports.back().dev_cosine, 1e-12);
  EXPECT_FALSE(logged.back().contains("dev_eer"));
  const Model model = load_model(folder / "run/model.safetensors");
  EXPECT_FALSE(model.calibration.has_value());
  const auto provenance = nlohmann::json::parse(model.provenance);
  EXPECT_EQ(provenance.at("corpus").at("teacher"), load_model(recipe.teacher.model).id);
  EXPECT_EQ(provenance.at("corpus").at("clips_without_label"), 72);
  EXPECT_NEAR(provenance.at("metrics").at("dev_cosine").get<double>(), result.dev_cosine, 1e-12);
}

TEST_F(Teaching, WhatItLearnsWithoutLabelsTellsVoicesApart) {
  drop_labels(recipe.data.train[0]);
  Recipe baseline = recipe;
  baseline.encoder = {.kind = "statistics"};
  baseline.loss = {.kind = "teacher-table"};
  const TrainResult untrained = train(baseline, {.out = folder / "untrained"});
  const TrainResult result = train(recipe, {.out = folder / "run"});
  EXPECT_LT(result.dev_eer, untrained.dev_eer - 0.05);
  EXPECT_TRUE(load_model(folder / "run/model.safetensors").calibration.has_value());
}

TEST_F(Teaching, ClipsWithAndWithoutLabelsTrainTogether) {
  relabel(recipe.data.train[0], "path,label", [](int i, const std::string& label) {
    return i % 8 < 4 ? "," + label : std::string(",");
  });
  recipe.loss = taught_by_both({{"kind", "aam-softmax"}, {"weight", 0.1}});
  recipe.train.epochs = 4;
  train(recipe, {.out = folder / "run"});
  const SafetensorsFile last(folder / "run/last.safetensors");
  EXPECT_EQ(last.tensor("state.loss.learned").shape, (std::vector<std::size_t>{9, 8}));
  const auto provenance =
      nlohmann::json::parse(load_model(folder / "run/model.safetensors").provenance);
  EXPECT_EQ(provenance.at("corpus").at("labels"), 9);
  EXPECT_EQ(provenance.at("corpus").at("clips_without_label"), 36);

  recipe.sampler.hard = 0.5;
  EXPECT_NE(refusal(recipe, {.out = folder / "run"}, Fault::config)
                .find("the clip has no label; sampler.hard = 0.5 needs one of every clip"),
            std::string::npos);
}

TEST_F(Teaching, AManifestWithoutLabelsMayBeOneOfSeveralAndHasAWeight) {
  recipe.data.train.push_back(write_corpus(folder, "more", 40, 4, 3));
  drop_labels(recipe.data.train[1]);
  recipe.data.weights = {1, 3};
  recipe.train.epochs = 2;
  train(recipe, {.out = folder / "run"});
  const auto provenance =
      nlohmann::json::parse(load_model(folder / "run/model.safetensors").provenance);
  EXPECT_EQ(provenance.at("corpus").at("labels"), 18);
  EXPECT_EQ(provenance.at("corpus").at("clips_without_label"), 12);
}

TEST_F(Teaching, ATableOfCosinesAloneIsJudgedByItsDifference) {
  recipe.loss = {.kind = "teacher-table"};
  recipe.optimizer.learning_rate = 3e-3;
  recipe.train.eval_every = 1;
  drop_labels(recipe.data.dev);
  std::vector<EpochReport> reports;
  const TrainResult result = train(
      recipe,
      {.out = folder / "run", .on_epoch = [&](const EpochReport& r) { reports.push_back(r); }});
  EXPECT_TRUE(std::isnan(result.dev_cosine));
  EXPECT_LT(reports.back().dev_table, 0.9 * reports.front().dev_table);
  EXPECT_EQ(result.best_epoch,
            std::ranges::min_element(reports, {}, &EpochReport::dev_table)->epoch);
}

TEST_F(Teaching, TheMapToAnotherWidthIsLearnedResumedAndDropped) {
  set_value(recipe.encoder.keys, "embedding", 5);
  const TrainResult whole = train(recipe, {.out = folder / "unbroken"});
  EXPECT_GT(whole.dev_cosine, 0.5);
  const SafetensorsFile last(folder / "unbroken/last.safetensors");
  EXPECT_EQ(last.tensor("state.loss.learned").shape, (std::vector<std::size_t>{8, 5}));
  EXPECT_NE(last.tensor("adam.second.loss.learned").values[0], 0.0F);
  const std::string file = folder / "unbroken/model.safetensors";
  const Model model = load_model(file);
  EXPECT_EQ(model.encoder.dimension(), 5U);
  EXPECT_EQ(SafetensorsFile(file).tensors().size(),
            nn::network_of(model.encoder).parameters().size());

  for (const std::uint64_t at : {1U, 50U, 117U}) {
    std::uint64_t left = at;
    train(recipe, {.out = folder / "broken", .should_stop = [&] { return --left == 0; }});
    const TrainResult rest = train(recipe, {.out = folder / "broken", .resume = true});
    EXPECT_TRUE(bytes(folder / "broken") == bytes(folder / "unbroken")) << at;
    EXPECT_EQ(rest.dev_cosine, whole.dev_cosine);
  }
}

TEST_F(Teaching, ResumesOnlyWithTheSameTeacher) {
  recipe.train.epochs = 1;
  train(recipe, {.out = folder / "run"});
  const TemporaryFolder elsewhere;
  std::filesystem::copy_file(recipe.teacher.model, elsewhere / "moved.safetensors");
  recipe.teacher.model = elsewhere / "moved.safetensors";
  train(recipe, {.out = folder / "run", .resume = true});
  recipe.teacher.model = write_model(folder / "other", recipe.front_end, 8);
  EXPECT_NE(refusal(recipe, {.out = folder / "run", .resume = true}, Fault::mismatch)
                .find("another corpus"),
            std::string::npos);
}

TEST_F(Teaching, SaysWhatIsMissing) {
  recipe.sampler.clips = 2;
  Recipe wrong = recipe;
  wrong.teacher.model = folder / "none.safetensors";
  EXPECT_EQ(refusal(wrong, {.out = folder / "run"}, Fault::io),
            "[teacher] model: " + wrong.teacher.model + ": No such file or directory");
  wrong.teacher.model.clear();
  EXPECT_EQ(refusal(wrong, {.out = folder / "run"}, Fault::config),
            "loss.kind = \"sum\" needs a teacher, but [teacher] names no model");
  wrong = recipe;
  wrong.loss = {.kind = "triplet"};
  EXPECT_NE(refusal(wrong, {.out = folder / "run"}, Fault::config).find("needs no teacher"),
            std::string::npos);

  drop_labels(recipe.data.train[0]);
  wrong = recipe;
  wrong.loss = taught_by_both({{"kind", "triplet"}});
  EXPECT_EQ(refusal(wrong, {.out = folder / "run"}, Fault::config),
            "loss.kind = \"sum\" compares labels, but no training clip has one");
  wrong.loss = {.kind = "triplet"};
  wrong.teacher.model.clear();
  EXPECT_EQ(refusal(wrong, {.out = folder / "run"}, Fault::format),
            wrong.data.train[0] + ":1: no column \"label\"; found path");
  const TrainingData data{.train = read_manifest(recipe.data.train[0], LabelRule::optional)};
  EXPECT_EQ(refusal(wrong, data, {.out = folder / "run"}, Fault::config),
            "loss.kind = \"triplet\" compares labels, but no training clip has one");
  TrainingData mixed = data;
  mixed.train.clips[0].label = "ada";
  mixed.train = make_manifest(mixed.train.clips);
  EXPECT_EQ(refusal(wrong, mixed, {.out = folder / "run"}, Fault::config),
            mixed.train.clips[1].path +
                ": the clip has no label; loss.kind = \"triplet\" needs one of every clip");
}

/// Sounds, and a teacher with a front end of its own.
class TeachingOfSound : public ::testing::Test {
 protected:
  TeachingOfSound() : recipe(small_recipe(folder)) {
    recipe.sampler = {.labels = 3, .clips = 2};
    recipe.train.epochs = 4;  // of two steps
    recipe.train.eval_every = 2;
    recipe.train.checkpoint_every = 3;
    recipe.data.train = {write_sound_corpus(folder, "sound", 0, 4, 3)};
    recipe.data.dev = write_sound_corpus(folder, "dev_sound", 50, 3, 2);
    recipe.loss = taught_by_both();
    recipe.teacher.model = write_model(folder / "teacher.safetensors", other_front_end(), 10);
    recipe.augment = {.speed = 0.6, .speeds = {80}, .colored_noise = 0.5, .gain = 0.5};
  }

  BatchOptions options(const TeacherOptions& teacher) const {
    return {.sampler = recipe.sampler,
            .crop_seconds = 0.3,
            .seed = 5,
            .augment = recipe.augment,
            .teacher = std::make_shared<const Teacher>(teacher)};
  }

  TemporaryFolder folder;
  Recipe recipe;
};

TEST_F(TeachingOfSound, TheTeacherComputesItsOwnFeaturesOfWhatItMayHear) {
  const Teacher teacher(recipe.teacher), brief({.model = recipe.teacher.model, .max_seconds = 0.2});
  EXPECT_EQ(teacher.width(), 10U);
  const Manifest manifest = read_manifest(recipe.data.train[0]);
  const Matrix all = teacher.embed(manifest.clips), some = brief.embed(manifest.clips);
  const Model model = load_model(recipe.teacher.model);
  EXPECT_EQ(teacher.id(), model.id);
  const LogMel log_mel(model.front_end);
  for (std::size_t i = 0; i < manifest.clips.size(); ++i) {
    const Matrix features = clip_features(manifest.clips[i], log_mel).frames;
    const Matrix expected = model.encoder.embed(std::span(&features, 1));
    EXPECT_TRUE(std::ranges::equal(all.row(i), expected.row(0))) << i;
    Clip part = manifest.clips[i];
    part.end = 0.2;
    EXPECT_TRUE(std::ranges::equal(some.row(i), teacher.embed(std::span(&part, 1)).row(0))) << i;
  }
}

TEST_F(TeachingOfSound, WhereItHearsClipsTheyAreCleanButAtTheSpeedOfTheEncoder) {
  const Manifest manifest = read_manifest(recipe.data.train[0]);
  const Sampler sampler(manifest, recipe.sampler, 5);
  BatchLoader loader(manifest, recipe.front_end, options(recipe.teacher));
  const Teacher teacher(recipe.teacher);
  const Speeds speeds(recipe.augment, manifest.clips.size(), 5);
  int fast = 0, plain = 0;
  for (std::uint64_t k = 0; k < 6; ++k) {
    const Matrix& heard = loader.next().teacher;
    const auto clips = sampler.batch(k);
    ASSERT_EQ(heard.rows(), 6U);
    for (std::size_t i = 0; i < clips.size(); ++i) {
      const int percent = speeds.percent(clips[i], static_cast<std::uint32_t>(k / 2));
      ++(percent == 100 ? plain : fast);
      Waveform sound = read_audio(manifest.clips[clips[i]].path);
      if (percent != 100) sound.samples = resample(sound.samples, percent, 100);
      const Clip clip = clip_of_samples(sound);
      EXPECT_TRUE(std::ranges::equal(heard.row(i), teacher.embed(std::span(&clip, 1)).row(0)));
    }
  }
  EXPECT_GT(fast, 5);
  EXPECT_GT(plain, 5);
}

TEST_F(TeachingOfSound, WhatItSaidOfClipsIsKeptFromRunToRun) {
  const Manifest manifest = read_manifest(recipe.data.train[0]);
  const auto heard = [&](const TeacherOptions& teacher) {
    BatchOptions cached = options(teacher);
    cached.feature_cache = folder / "cache";
    BatchLoader loader(manifest, recipe.front_end, cached, 0, 8);
    std::vector<Matrix> all;
    for (int k = 0; k < 8; ++k) all.push_back(loader.next().teacher);
    return all;
  };
  const auto entries = [&] {
    return std::distance(std::filesystem::directory_iterator(folder / "cache"), {});
  };
  const auto first = heard(recipe.teacher);
  const auto kept = entries();
  EXPECT_GT(kept, 12);  // clips, some at another speed too
  EXPECT_EQ(heard(recipe.teacher), first);
  EXPECT_EQ(entries(), kept);
  const TeacherOptions brief{.model = recipe.teacher.model, .max_seconds = 0.2};
  EXPECT_NE(heard(brief), first);
  EXPECT_EQ(entries(), 2 * kept);
  const std::string any = std::filesystem::directory_iterator(folder / "cache")->path().string();
  write_file(any, "damaged");
  EXPECT_EQ(heard(recipe.teacher), first);
  EXPECT_NE(heard(brief), first);
}

TEST_F(TeachingOfSound, WhereItHearsCropsTheyAreThoseOfTheEncoder) {
  // With the encoder's own front end, what the teacher computes can be told from the batch.
  recipe.front_end.norm = Norm::none;
  TeacherOptions crops{.model = write_model(folder / "alike", recipe.front_end, 6),
                       .hears = Hearing::crop};
  const Manifest manifest = read_manifest(recipe.data.train[0]);
  BatchLoader loader(manifest, recipe.front_end, options(crops));
  const Model model = load_model(crops.model);
  for (int k = 0; k < 4; ++k) {
    const FeatureBatch& batch = loader.next();
    for (std::size_t i = 0; i < batch.clips(); ++i) {
      const auto rows = batch.clip(i).first(batch.lengths[i] * batch.bins());
      Matrix features(batch.lengths[i], batch.bins());
      std::ranges::copy(rows, features.values().begin());
      const Matrix expected = model.encoder.embed(std::span(&features, 1));
      for (std::size_t j = 0; j < 6; ++j)
        EXPECT_NEAR(batch.teacher.row(i)[j], expected.row(0)[j], 1e-4) << k << " " << i;
    }
  }
  BatchOptions hidden = options(crops);
  hidden.features = [](std::size_t, std::uint32_t) { return std::make_shared<Matrix>(60, 12); };
  EXPECT_THROW(BatchLoader(manifest, recipe.front_end, hidden), std::invalid_argument);
  recipe.front_end.vad = Vad::energy;
  EXPECT_THROW(BatchLoader(manifest, recipe.front_end, options(crops)), Error);
}

TEST_F(TeachingOfSound, GivesTheSameBytesAtAnyNumberOfThreadsAndAfterAnInterruption) {
  for (const Hearing hears : {Hearing::clip, Hearing::crop}) {
    recipe.teacher.hears = hears;
    const auto run = [&](const char* out, int threads) {
      const ThreadLimit limit(threads);
      train(recipe, {.out = folder / out, .seed = 5});
      return bytes(folder / out);
    };
    const std::string one = run("one", 1);
    EXPECT_TRUE(run("three", 3) == one);
    int left = 5;
    train(recipe,
          {.out = folder / "broken", .seed = 5, .should_stop = [&] { return --left == 0; }});
    train(recipe, {.out = folder / "broken", .seed = 5, .resume = true});
    EXPECT_TRUE(bytes(folder / "broken") == one);
    EXPECT_TRUE(std::isfinite(evaluations(folder / "one").back().at("dev_cosine").get<double>()));
  }
}

TEST_F(TeachingOfSound, SpeedsAsLabelsLeaveClipsWithoutALabelWithoutOne) {
  drop_labels(recipe.data.train[0]);
  recipe.augment = {.speeds = {80, 125}, .speed_labels = true};
  train(recipe, {.out = folder / "run"});
  const auto provenance =
      nlohmann::json::parse(load_model(folder / "run/model.safetensors").provenance);
  EXPECT_EQ(provenance.at("corpus").at("labels"), 0);
  EXPECT_EQ(provenance.at("corpus").at("clips_without_label"), 36);
}

TEST_F(TeachingOfSound, ALoopOfOnesOwnIsTaughtByTheBatches) {
  const Manifest manifest = read_manifest(recipe.data.train[0]);
  BatchLoader loader(manifest, recipe.front_end, options(recipe.teacher));
  Encoder encoder(encoder_spec(recipe.encoder, 12), 3);
  Learner learner(encoder,
                  make_loss({.kind = "teacher-cosine"}, {.width = 8, .teacher_width = 10}));
  const double first = learner.learn(loader.next()).mean;
  double last = first;
  for (int step = 0; step < 20; ++step) {
    learner.step(1e-2);
    last = learner.learn(loader.next()).mean;
  }
  EXPECT_LT(last, 0.7 * first);
}

}  // namespace
}  // namespace twinear
