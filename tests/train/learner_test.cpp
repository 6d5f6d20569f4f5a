// SPDX-License-Identifier: Apache-2.0
#include "twinear/learner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>
#include <variant>

#include "base/random.h"
#include "base/threads.h"
#include "clips/npy.h"
#include "train/corpus.h"
#include "train/run.h"
#include "twinear/batch_loader.h"

namespace twinear {
namespace {

const EncoderSpec small_spec = EncoderSpec::compact(
    {.bins = 12, .channels = {16, 16}, .strides = {1, 2}, .embedding = 8, .input_norm = true});

/// Noise for three clips of each of four labels.
FeatureBatch noise(std::uint64_t number) {
  FeatureBatch batch(12, 40, 12);
  batch.number = number;
  Random random(7, Purpose::test, static_cast<std::uint32_t>(number));
  for (std::size_t i = 0; i < batch.clips(); ++i) {
    std::vector<float> rows((20 + i) * 12);
    for (float& v : rows) v = static_cast<float>(random.normal());
    batch.set_clip(i, rows);
    batch.labels[i] = static_cast<int>(i / 3);
  }
  return batch;
}

Model small_model(std::uint64_t seed) {
  FrontEnd front_end;
  front_end.mel_bins = small_spec.bins;
  return {.front_end = front_end,
          .encoder = Encoder(small_spec, seed),
          .calibration = {},
          .provenance = "{}",
          .id = {}};
}

/// What an encoder makes of a clip that nobody trained on.
Matrix probe(const Encoder& encoder) {
  Matrix clip(30, 12);
  Random random(1, Purpose::test);
  for (float& v : clip.values()) v = static_cast<float>(random.normal());
  return encoder.embed(std::span(&clip, 1));
}

TEST(Learner, LearnsInALoopOfOnesOwn) {
  Model model = small_model(3);
  Learner learner(model.encoder, make_loss({}));
  const FeatureBatch batch = noise(0);
  const double before = learner.learn(batch).mean;
  learner.step(1e-2);
  for (int k = 0; k < 30; ++k) {
    learner.learn(batch);
    learner.step(1e-2);
  }
  EXPECT_LT(learner.learn(batch).mean, 0.5 * before);
}

TEST(Learner, GivesTheSameBitsAtAnyNumberOfThreads) {
  const auto learned = [](int threads) {
    const ThreadLimit limit(threads);
    Model model = small_model(3);
    Learner learner(model.encoder, make_loss({}));
    for (std::uint64_t k = 0; k < 4; ++k) {
      learner.learn(noise(k));
      learner.step(1e-2);
    }
    return probe(model.encoder);
  };
  EXPECT_EQ(learned(1), learned(3));
}

TEST(Learner, LearnersOfOneEncoderAddUpTheirGradients) {
  Model one = small_model(3), two = small_model(3);
  Learner alone(one.encoder, make_loss({})), left(two.encoder, make_loss({})),
      right(two.encoder, make_loss({}));
  alone.learn(noise(0));
  alone.learn(noise(1));
  left.learn(noise(0));
  right.learn(noise(1));
  EXPECT_EQ(alone.step(1e-2, 2), left.step(1e-2, 2));
  EXPECT_EQ(probe(one.encoder), probe(two.encoder));
}

TEST(Learner, GoesOnFromACheckpointToTheSameBits) {
  const TemporaryFolder folder;
  const LossOptions remembering{.mining = {{"memory", 20}}};
  Model whole = small_model(3), broken = small_model(4);
  Learner unbroken(whole.encoder, make_loss(remembering, {.width = 8})),
      resumed(broken.encoder, make_loss(remembering, {.width = 8}));
  for (std::uint64_t k = 0; k < 6; ++k) {
    if (k == 3) {
      unbroken.save(folder / "last", whole, {.tensors = {{"x", Matrix(2, 3)}}, .progress = "3"});
      const LoopState loop = resumed.restore(folder / "last");
      EXPECT_EQ(loop.progress, "3");
      EXPECT_EQ(loop.tensors.at("x"), Matrix(2, 3));
    }
    for (Learner* learner : {&unbroken, &resumed}) {
      learner->learn(noise(k));
      learner->step(1e-2);
    }
  }
  EXPECT_EQ(probe(whole.encoder), probe(broken.encoder));
  EXPECT_EQ(load_model(folder / "last").encoder.spec(), small_spec);
  EXPECT_THROW(unbroken.save(folder / "last", broken), std::invalid_argument);
}

TEST(Learner, LeavesFrozenLayersAsTheyAre) {
  Model model = small_model(3);
  Learner learner(model.encoder, make_loss({}));
  const Matrix before = probe(model.encoder);
  learner.freeze({"*"});
  learner.learn(noise(0));
  EXPECT_EQ(learner.step(1e-2), 0.0);
  EXPECT_EQ(probe(model.encoder), before);
  learner.freeze({"*"}, false);
  learner.learn(noise(0));
  EXPECT_GT(learner.step(1e-2), 0.0);
  EXPECT_NE(probe(model.encoder), before);
  EXPECT_THROW(learner.freeze({"nothing*"}), Error);
}

TEST(Learner, AGradientThatIsNotFiniteMovesNothing) {
  Model model = small_model(3);
  Learner learner(model.encoder, nullptr);
  const FeatureBatch batch = noise(0);
  learner.embed(batch);
  Matrix gradient(12, 8);
  gradient.row(3)[2] = NAN;
  learner.backward(gradient);
  const Matrix before = probe(model.encoder);
  EXPECT_FALSE(std::isfinite(learner.step(1e-2)));
  EXPECT_EQ(probe(model.encoder), before);
  EXPECT_EQ(learner.step(0.0), 0.0);  // nothing of it is left
}

TEST(Learner, RefusesWhatDoesNotFit) {
  Model model = small_model(3);
  Learner learner(model.encoder, make_loss({}));
  EXPECT_THROW(learner.backward(Matrix(12, 8)), std::logic_error);
  for (const auto& [clips, frames, bins] : {std::tuple(2, 40, 11), {0, 40, 12}, {2, 0, 12}}) {
    const FeatureBatch batch(static_cast<std::size_t>(clips), static_cast<std::size_t>(frames),
                             static_cast<std::size_t>(bins));
    EXPECT_THROW(learner.embed(batch), std::invalid_argument) << clips << frames << bins;
  }
  FeatureBatch too_long = noise(0);
  too_long.lengths[3] = 41;
  EXPECT_THROW(learner.embed(too_long), std::invalid_argument);
  const FeatureBatch batch = noise(0);
  learner.embed(batch);
  EXPECT_THROW(learner.backward(Matrix(12, 7)), std::invalid_argument);
  EXPECT_THROW(Learner(model.encoder, nullptr, {.kind = "sgd"}), std::invalid_argument);
}

/// The clips of a manifest with their features in memory.
Manifest in_memory(const std::string& path) {
  std::vector<Clip> clips;
  for (const Clip& clip : read_manifest(path).clips) {
    clips.push_back(clip_of_features(read_npy(clip.path), clip.name));
    clips.back().label = clip.label;
  }
  return make_manifest(std::move(clips));
}

TEST(Learner, InALoopOfOnesOwnGivesTheBitsOfTrain) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev.clear();
  train(recipe, {.out = folder / "run", .seed = 3});
  const Model trained = load_model(folder / "run/model.safetensors");

  const Manifest clips = in_memory(recipe.data.train[0]);
  Encoder encoder(trained.encoder.spec(), 3);
  Learner learner(encoder, make_loss(recipe.loss, {.classes = 18, .width = 8, .seed = 3}),
                  recipe.optimizer);
  BatchLoader batches(
      clips, recipe.front_end,
      {.sampler = recipe.sampler, .crop_seconds = recipe.train.crop_seconds, .seed = 3});
  const std::uint64_t per_epoch = clips.clips.size() / 18, steps = per_epoch * 10;
  for (std::uint64_t step = 0; step < steps; ++step) {
    learner.learn(batches.next());
    learner.step(learning_rate(recipe.optimizer, {step, steps, per_epoch}));
  }
  EXPECT_EQ(probe(encoder), probe(trained.encoder));
}

TEST(Trainer, TrainsOnClipsBatchesAndFeaturesOfAProgramsOwn) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  TrainingData data{.train = in_memory(recipe.data.train[0]), .dev = in_memory(recipe.data.dev)};
  const auto model = [&](const char* run) {
    return load_model(folder / (std::string(run) + "/model.safetensors"));
  };
  const TrainResult of_files = train(recipe, {.out = folder / "files"});
  recipe.data.train.clear();
  recipe.data.dev.clear();
  EXPECT_EQ(train(recipe, data, {.out = folder / "memory"}).dev_eer, of_files.dev_eer);
  EXPECT_EQ(probe(model("memory").encoder), probe(model("files").encoder));

  const Sampler sampler(data.train, recipe.sampler, 0);
  std::atomic<int> drawn = 0, read = 0;
  data.draw = [&](std::uint64_t number) {
    ++drawn;
    return sampler.batch(number);
  };
  data.features = [&](std::size_t clip, std::uint32_t) {
    ++read;
    return std::make_shared<const Matrix>(std::get<Matrix>(data.train.clips[clip].memory));
  };
  bool stopped = false;
  const TrainRun half{.out = folder / "own",
                      .should_stop = [&] { return !std::exchange(stopped, true); }};
  EXPECT_TRUE(train(recipe, data, half).stopped);
  EXPECT_GT(drawn, 0);
  EXPECT_EQ(read % 18, 0);
  train(recipe, data, {.out = folder / "own", .resume = true});
  EXPECT_EQ(probe(model("own").encoder), probe(model("files").encoder));

  data.train.clips[7].memory = Matrix(60, 12);
  EXPECT_NE(refusal(recipe, data, {.out = folder / "own", .resume = true}, Fault::mismatch)
                .find("another corpus"),
            std::string::npos);
  data.dev = data.train;
  EXPECT_NE(
      refusal(recipe, data, {.out = folder / "own"}, Fault::mismatch).find("also in training"),
      std::string::npos);
}

TEST(FeatureBatch, CropsAreAPureFunctionOfSeedNumberAndStream) {
  std::vector<Matrix> clips{Matrix(90, 2), Matrix(30, 2)};
  for (Matrix& clip : clips)
    for (std::size_t t = 0; t < clip.rows(); ++t) clip.row(t)[0] = static_cast<float>(t + 1);
  const std::vector<const Matrix*> both{&clips[0], &clips[1]};
  const auto starts = [&](std::uint64_t seed, std::uint64_t number, std::uint32_t stream) {
    const FeatureBatch batch = FeatureBatch::crops(both, 40, seed, number, stream);
    EXPECT_EQ(batch.lengths, (std::vector<std::size_t>{40, 30}));
    EXPECT_EQ(batch.clip(1)[0], 1.0F);  // whole
    for (std::size_t t = 30; t < 40; ++t) EXPECT_EQ(batch.clip(1)[2 * t], 0.0F);
    for (std::size_t t = 1; t < 40; ++t)
      EXPECT_EQ(batch.clip(0)[2 * t], batch.clip(0)[0] + static_cast<float>(t));
    return batch.clip(0)[0];
  };
  EXPECT_EQ(starts(1, 2, 3), starts(1, 2, 3));
  EXPECT_NE(starts(1, 2, 3), starts(2, 2, 3));
  EXPECT_NE(starts(1, 2, 3), starts(1, 3, 3));
  EXPECT_NE(starts(1, 2, 3), starts(1, 2, 4));
  clips[1] = Matrix(30, 3);
  EXPECT_THROW(FeatureBatch::crops(both, 40, 0, 0), std::invalid_argument);
  EXPECT_THROW(FeatureBatch::crops({}, 40, 0, 0), std::invalid_argument);
  FeatureBatch batch(1, 4, 2);
  EXPECT_THROW(batch.set_clip(0, std::vector<float>(10)), std::invalid_argument);
  EXPECT_THROW(batch.set_clip(0, std::vector<float>(3)), std::invalid_argument);
  EXPECT_THROW(batch.set_clip(0, {}), std::invalid_argument);
}

}  // namespace
}  // namespace twinear
