// SPDX-License-Identifier: Apache-2.0
// What a recipe can ask of a run beyond its loss, and that all of it resumes to the same bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/threads.h"
#include "model/safetensors.h"
#include "train/corpus.h"
#include "train/label_centroids.h"
#include "train/run.h"
#include "train/training_data.h"
#include "train/weight_average.h"
#include "twinear/model.h"

namespace twinear {
namespace {

/// Everything that has a state from step to step, at once.
Recipe everything(const TemporaryFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.data.train.push_back(write_corpus(folder, "more", 30, 6, 4));
  recipe.data.weights = {1, 3};
  recipe.loss.keys = {{"margin_start", 0.1}, {"margin_from", 1}, {"margin_until", 4}};
  recipe.loss.mining = {{"memory", 40}};
  recipe.sampler = {.draw = LabelDraw::proportional, .labels = 6, .clips = 2, .hard = 0.5};
  recipe.optimizer.schedule = "triangular2";
  recipe.optimizer.cycle_steps = 9;
  recipe.optimizer.plateau = 1;
  recipe.optimizer.decay = 0.5;
  recipe.train.epochs = 8;  // of 4 steps
  recipe.train.eval_every = 1;
  recipe.train.accumulate = 2;
  recipe.train.average = 0.8;
  recipe.train.patience = 4;
  recipe.train.freeze = {"conv*", "*norm*"};
  recipe.train.freeze_epochs = 2;
  const EncoderSpec spec = EncoderSpec::compact(
      {.bins = 12, .channels = {16, 16}, .strides = {1, 2}, .embedding = 8, .input_norm = true});
  save_model({.front_end = recipe.front_end,
              .encoder = Encoder(spec, 77),
              .calibration = {},
              .provenance = "{}",
              .id = {}},
             folder / "init.safetensors");
  recipe.train.init = folder / "init.safetensors";
  recipe.train.reinit = {"projection"};
  return recipe;
}

std::string bytes(const std::string& out) {
  return read_file(out + "/model.safetensors") + read_file(out + "/last.safetensors");
}

TEST(TrainingFeatures, AllAtOnceKilledAnywhereAndResumedEqualTheUnbrokenRun) {
  const TemporaryFolder folder;
  Recipe recipe = everything(folder);
  Random random(3, Purpose::test);
  for (const char* kind : {"triplet", "aam-softmax"}) {
    recipe.loss.kind = kind;
    if (recipe.loss.kind != "triplet") recipe.loss.mining.clear();
    const TrainResult whole = train(recipe, {.out = folder / "unbroken"});
    EXPECT_GE(whole.steps, 12U);
    const std::string expected = bytes(folder / "unbroken");
    for (int trial = 0; trial < 6; ++trial) {
      const std::string out = folder / "broken";
      std::filesystem::remove_all(out);
      struct Crash {};
      // Stops that save, and crashes after which what came since the last checkpoint is done again.
      bool resume = false;
      for (int stop = 0; stop < 2; ++stop) {
        std::uint64_t left = 1 + random.below(6), more = 1 + random.below(6);
        if (train(recipe,
                  {.out = out, .resume = resume, .should_stop = [&] { return --left == 0; }})
                .stopped)
          try {
            train(recipe, {.out = out, .resume = true, .should_stop = [&] {
                             if (--more == 0) throw Crash{};
                             return false;
                           }});
          } catch (const Crash&) {
          }
        resume = true;
      }
      const TrainResult rest = train(recipe, {.out = out, .resume = true});
      EXPECT_FALSE(rest.stopped);
      EXPECT_EQ(rest.steps, whole.steps);
      EXPECT_EQ(rest.patience_ended, whole.patience_ended);
      EXPECT_TRUE(bytes(out) == expected) << kind << " " << trial;
      EXPECT_EQ(timeless(out + "/log.jsonl").back(),
                timeless(folder / "unbroken/log.jsonl").back());
      train(recipe, {.out = out, .resume = true});  // of a run that is over: nothing
      EXPECT_TRUE(bytes(out) == expected) << kind;
    }
  }
}

TEST(TrainingFeatures, AnEncoderOfListedLayersLearnsAndResumes) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.encoder = {
      .kind = "layers",
      .keys = {{"layers", std::vector<Values>{{{"kind", "conv1d"}, {"out", 16}, {"kernel", 3}},
                                              {{"kind", "batch_norm"}},
                                              {{"kind", "gelu"}},
                                              {{"kind", "stats_pool"}},
                                              {{"kind", "batch_norm"}},
                                              {{"kind", "linear"}, {"out", 8}},
                                              {{"kind", "l2_normalize"}}}}}};
  const TrainResult whole = train(recipe, {.out = folder / "unbroken"});
  EXPECT_LT(whole.dev_eer, 0.2);
  int left = 10;
  train(recipe, {.out = folder / "broken", .should_stop = [&] { return --left == 0; }});
  train(recipe, {.out = folder / "broken", .resume = true});
  EXPECT_TRUE(bytes(folder / "broken") == bytes(folder / "unbroken"));
  EXPECT_EQ(load_model(folder / "broken/model.safetensors").encoder.spec().layers[2].kind, "gelu");
}

TEST(TrainingFeatures, CampplusLearnsAndResumes) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.encoder = {.kind = "campplus",
                    .keys = {{"input_norm", true},
                             {"maps", 8},
                             {"front_blocks", std::vector<int>{1}},
                             {"width", 16},
                             {"growth", 8},
                             {"bottleneck", 16},
                             {"context", 8},
                             {"layers", std::vector<int>{2, 2}},
                             {"dilations", std::vector<int>{1, 2}},
                             {"embedding", 8}}};
  recipe.train.epochs = 20;
  recipe.optimizer.learning_rate = 1e-2;
  const TrainResult whole = train(recipe, {.out = folder / "unbroken"});
  EXPECT_LT(whole.dev_eer, 0.35);
  int left = 10;
  train(recipe, {.out = folder / "broken", .should_stop = [&] { return --left == 0; }});
  train(recipe, {.out = folder / "broken", .resume = true});
  EXPECT_TRUE(bytes(folder / "broken") == bytes(folder / "unbroken"));
}

TEST(TrainingFeatures, AllAtOnceGiveTheSameBytesAtAnyNumberOfThreads) {
  const TemporaryFolder folder;
  Recipe recipe = everything(folder);
  recipe.train.epochs = 4;
  const auto run = [&](int threads) {
    const ThreadLimit limit(threads);
    train(recipe, {.out = folder / "run"});
    return bytes(folder / "run");
  };
  const std::string one = run(1);
  EXPECT_TRUE(run(2) == one);
  EXPECT_TRUE(run(4) == one);
}

/// The tensors of a checkpoint.
std::map<std::string, std::vector<float>> tensors(const std::string& path) {
  const SafetensorsFile file(path);
  std::map<std::string, std::vector<float>> found;
  for (const auto& stored : file.tensors()) {
    const auto values = file.tensor(stored.name).values;
    found[stored.name] = {values.begin(), values.end()};
  }
  return found;
}

TEST(TrainingFeatures, NoBitDependsOnHowManyBatchesAreMadeAhead) {
  const TemporaryFolder folder;
  Recipe recipe = everything(folder);
  recipe.train.epochs = 4;
  const auto run = [&](int prefetch) {
    recipe.train.prefetch = prefetch;
    train(recipe, {.out = folder / "run"});
    return tensors(folder / "run/last.safetensors");
  };
  const auto one = run(1);
  EXPECT_EQ(run(3), one);
  EXPECT_EQ(run(50), one);
}

TEST(TrainingFeatures, PatienceEndsARunThatDoesNotImprove) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.freeze = {"*"};
  recipe.train.eval_every = 1;
  recipe.train.patience = 3;
  std::vector<int> epochs;
  const TrainResult result =
      train(recipe, {.out = folder / "run",
                     .on_epoch = [&](const EpochReport& r) { epochs.push_back(r.epoch); }});
  EXPECT_TRUE(result.patience_ended);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(epochs, (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(result.best_epoch, 1);
  EXPECT_EQ(result.steps, 16U);
}

TEST(TrainingFeatures, APlateauLowersTheRateOfWhateverSchedule) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.freeze = {"*"};
  recipe.train.eval_every = 1;
  recipe.train.log_every = 4;  // an epoch
  recipe.train.epochs = 7;
  recipe.optimizer = {.learning_rate = 0.5, .warmup_steps = 0};
  recipe.optimizer.schedule = "constant";
  recipe.optimizer.plateau = 2;
  recipe.optimizer.decay = 0.1;
  std::vector<double> rates;
  train(recipe, {.out = folder / "run",
                 .on_step = [&](const StepReport& r) { rates.push_back(r.learning_rate); }});
  ASSERT_EQ(rates.size(), 7U);  // the first evaluation is the best, the third and fifth the drops
  const std::vector<double> expected{0.5, 0.5, 0.5, 0.05, 0.05, 0.005, 0.005};
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(rates[i], expected[i], 1e-12) << i;
}

TEST(TrainingFeatures, AStepTakesTheMeanGradientOfItsBatches) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev.clear();
  recipe.sampler = {.labels = 18, .clips = 4};  // all there is: batches differ in their order alone
  recipe.train.crop_seconds = 0.8;              // and hold whole clips
  recipe.train.epochs = recipe.train.log_every = 1;
  recipe.optimizer.clip_norm = 0;
  const auto first_step = [&](int accumulate) {
    recipe.train.accumulate = accumulate;
    StepReport first;
    train(recipe, {.out = folder / "run", .on_step = [&](const StepReport& r) { first = r; }});
    EXPECT_EQ(first.step, 1U);
    return first;
  };
  const StepReport one = first_step(1), three = first_step(3);
  EXPECT_NEAR(three.loss, one.loss, 1e-4 * one.loss);
  EXPECT_NEAR(three.gradient_norm, one.gradient_norm, 1e-3 * one.gradient_norm);
}

TEST(WeightAverage, IsTheRunningMeanOfWeightsAndStatistics) {
  nn::Network network({.kind = "test",
                       .bins = 1,
                       .layers = {{.kind = "batch_norm", .name = "norm"},
                                  {.kind = "stats_pool", .name = "pool"},
                                  {.kind = "linear", .name = "a", .keys = {{"out", 1}}}}},
                      1);
  const auto parameters = network.parameters();
  const auto set = [&](float value) {
    for (const auto& [key, p] : parameters) std::ranges::fill(p->value, value);
  };
  set(1);
  WeightAverage average(network, 0.25);
  set(3);
  average.add(0);  // d = 0.1
  set(5);
  average.add(90);  // d = 0.25
  average.swap();
  const float expected = 0.25F * (0.1F * 1 + 0.9F * 3) + 0.75F * 5;
  for (const auto& [key, p] : parameters)
    for (const float v : p->value) EXPECT_NEAR(v, expected, 1e-6) << key;
  average.swap();
  for (const auto& [key, p] : parameters)
    for (const float v : p->value) EXPECT_EQ(v, 5.0F) << key;
}

TEST(WeightAverage, IsWhatIsSavedWhileTheRunGoesOnWithTheWeights) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev.clear();
  recipe.train.epochs = 3;
  train(recipe, {.out = folder / "plain"});
  recipe.train.average = 0.9;
  train(recipe, {.out = folder / "averaged"});
  const auto plain = tensors(folder / "plain/last.safetensors");
  const auto last = tensors(folder / "averaged/last.safetensors");
  for (const auto& [name, values] : plain) EXPECT_EQ(last.at(name), values) << name;
  for (const auto& [name, values] : tensors(folder / "averaged/model.safetensors")) {
    EXPECT_EQ(last.at("state.average." + name), values) << name;
    EXPECT_NE(last.at(name), values) << name;
  }
}

TEST(TrainingCorpus, LabelsOfSeveralManifestsAreWeighedAndStillKnownByName) {
  const TemporaryFolder folder;
  const DataOptions data{
      .train = {write_corpus(folder, "a", 0, 2, 2), write_corpus(folder, "b", 1, 2, 3)},
      .weights = {2, 5}};
  const auto [manifest, origin] = read_training_manifests(data.train, LabelRule::required);
  EXPECT_EQ(manifest.labels,
            (std::vector<std::string>{"1/voice0", "1/voice1", "2/voice1", "2/voice2"}));
  EXPECT_EQ(label_weights(manifest, origin, data), (std::vector<double>{2, 2, 5, 5}));
  EXPECT_TRUE(label_weights(manifest, origin, {.train = data.train}).empty());
  EXPECT_EQ(labels_as_written(manifest, data),
            (std::set<std::string>{"voice0", "voice1", "voice2"}));
}

TEST(TrainingCorpus, DevMustHoldOthersThanAnyOfTheManifests) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.train.push_back(write_corpus(folder, "more", 104, 4, 2));  // of dev's 100 to 107
  EXPECT_NE(refusal(recipe, {.out = folder / "run"}, Fault::mismatch).find("also in training"),
            std::string::npos);
}

TEST(LabelCentroids, AreRunningMeansWhoseNearestAreTheConfused) {
  LabelCentroids centroids(5, 2);
  Matrix rows(4, 2);
  std::ranges::copy(std::vector<float>{1, 0, 0, 1, .8F, .6F, -1, 0}, rows.values().begin());
  centroids.add(rows, std::vector<int>{0, 1, 2, 4});  // never 3
  const Neighbors nearest = centroids.nearest(10);
  EXPECT_EQ(nearest[0], (std::vector{2, 1, 4, 3}));
  EXPECT_EQ(nearest[1], (std::vector{2, 0, 4, 3}));
  EXPECT_EQ(nearest[3], (std::vector{0, 1, 2, 4}));
  EXPECT_EQ(centroids.nearest(1)[4], (std::vector{1}));

  Matrix again(1, 2);
  again.row(0)[1] = 1;
  centroids.add(again, std::vector<int>{0});
  EXPECT_FLOAT_EQ(centroids.means().row(0)[0], 0.9F);
  EXPECT_FLOAT_EQ(centroids.means().row(0)[1], 0.1F);
}

}  // namespace
}  // namespace twinear
