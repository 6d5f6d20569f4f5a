// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "augment/noise.h"
#include "base/expect_error.h"
#include "base/files.h"
#include "base/threads.h"
#include "train/corpus.h"
#include "train/sound_corpus.h"
#include "twinear/augment.h"
#include "twinear/batch_loader.h"
#include "twinear/model.h"
#include "twinear/trainer.h"

namespace twinear {
namespace {

/// A recipe of a few steps on sound, with everything that augmentation can do.
Recipe sound_recipe(const TemporaryFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.sampler = {.labels = 3, .clips = 2};
  recipe.train.epochs = 4;  // of two steps
  recipe.train.checkpoint_every = 3;
  recipe.data.train = {write_sound_corpus(folder, "sound", 0, 4, 3)};
  recipe.data.dev = write_sound_corpus(folder, "dev_sound", 50, 3, 2);
  Random random(1, Purpose::test);
  write_audio(folder / "noise.wav", {16000, colored_noise(9000, 0, 16000, random)});
  recipe.augment = {.speed = 0.5,
                    .reverb = 0.5,
                    .noise = 0.5,
                    .noises = put(folder / "noises.csv", "path,label\nnoise.wav,hiss\n"),
                    .colored_noise = 0.5,
                    .band_limit = 0.5,
                    .telephone = 0.3,
                    .gain = 0.5,
                    .spec_augment = 0.5};
  return recipe;
}

std::string bytes(const std::string& out) {
  return read_file(out + "/model.safetensors") + read_file(out + "/last.safetensors");
}

TEST(AugmentedTraining, GivesTheSameBytesAtAnyNumberOfThreadsAndMemory) {
  const TemporaryFolder folder;
  Recipe recipe = sound_recipe(folder);
  const auto run = [&](const std::string& out, int threads) {
    const ThreadLimit limit(threads);
    train(recipe, {.out = folder / out, .seed = 5});
    return bytes(folder / out);
  };
  const std::string one = run("one", 1);
  EXPECT_EQ(run("three", 3), one);
  recipe.augment.gain_db = {-40, -30};
  EXPECT_NE(run("other", 3), one);
}

TEST(AugmentedTraining, ResumedEqualsTheUnbrokenRun) {
  const TemporaryFolder folder;
  const Recipe recipe = sound_recipe(folder);
  train(recipe, {.out = folder / "unbroken"});
  int left = 3;  // in the middle of an epoch
  train(recipe, {.out = folder / "broken", .should_stop = [&] { return --left == 0; }});
  EXPECT_FALSE(train(recipe, {.out = folder / "broken", .resume = true}).stopped);
  EXPECT_EQ(bytes(folder / "broken"), bytes(folder / "unbroken"));
}

TEST(AugmentedTraining, SpeedsAsLabelsAreLabelsToTheSampler) {
  const TemporaryFolder folder;
  Recipe recipe = sound_recipe(folder);
  recipe.augment.speed = 0;
  recipe.augment.speed_labels = true;
  recipe.sampler.labels = 12;  // of four speakers, each at three speeds
  const TrainResult result = train(recipe, {.out = folder / "run"});
  EXPECT_EQ(result.steps, 4U);
  const auto corpus =
      nlohmann::json::parse(load_model(folder / "run/model.safetensors").provenance).at("corpus");
  EXPECT_EQ(corpus.at("labels"), 12);
  EXPECT_EQ(corpus.at("clips"), 36);
  EXPECT_TRUE(corpus.contains("noises_checksum"));
}

TEST(AugmentedTraining, OfFeaturesIsMaskingAlone) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.epochs = 1;
  train(recipe, {.out = folder / "plain"});
  recipe.augment.spec_augment = 1;
  train(recipe, {.out = folder / "masked"});
  EXPECT_NE(bytes(folder / "plain"), bytes(folder / "masked"));
  recipe.augment.gain = 0.5;
  expect_error([&] { train(recipe, {.out = folder / "sound"}); }, Fault::config,
               folder / "train_" + "*");
}

TEST(AugmentedTraining, EachEpochHearsAClipAnew) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_sound_corpus(folder, "sound", 0, 2, 2));
  const AugmentOptions options{.reverb = 1};
  const auto whole_clips = [&](std::uint64_t k) {  // 48 frames: there is nothing to crop
    BatchLoader loader(
        manifest, {},
        {.sampler = {.labels = 2, .clips = 2}, .crop_seconds = 0.495, .augment = options}, k,
        k + 1);
    const FeatureBatch& batch = loader.next();
    EXPECT_EQ(batch.frames(), 48U);
    std::vector<std::vector<float>> clips;
    for (std::size_t i = 0; i < 4; ++i)
      clips.emplace_back(batch.clip(i).begin(), batch.clip(i).end());
    std::ranges::sort(clips);
    return clips;
  };
  EXPECT_EQ(whole_clips(0), whole_clips(0));
  EXPECT_NE(whole_clips(0), whole_clips(1));  // an epoch of one batch
}

TEST(FeatureCacheInTraining, ChangesNothingButTheTime) {
  const TemporaryFolder folder;
  Recipe recipe = sound_recipe(folder);
  recipe.augment = {};
  recipe.train.epochs = 2;
  train(recipe, {.out = folder / "without"});
  recipe.train.feature_cache = folder / "kept";
  train(recipe, {.out = folder / "cold"});
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(folder / "kept"), {}), 12);
  train(recipe, {.out = folder / "warm"});
  EXPECT_EQ(bytes(folder / "warm"), bytes(folder / "cold"));
  const Model a = load_model(folder / "without/model.safetensors"),
              b = load_model(folder / "warm/model.safetensors");
  const Matrix features(50, 12);
  EXPECT_EQ(a.encoder.embed(std::vector{features}), b.encoder.embed(std::vector{features}));
}

}  // namespace
}  // namespace twinear
