// SPDX-License-Identifier: Apache-2.0
#include "twinear/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/threads.h"
#include "model/safetensors.h"
#include "nn/network.h"
#include "train/corpus.h"
#include "train/run.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

/// Every loss, by a name of its own.
std::map<std::string, LossOptions> loss_options() {
  std::map<std::string, LossOptions> all{
      {"triplet, distance-weighted",
       {.keys = {{"distance", "cosine"}}, .mining = {{"kind", "distance-weighted"}}}},
      {"triplet, random", {.mining = {{"kind", "random"}}}},
      {"triplet, memory", {.mining = {{"memory", 60}}}},
      {"contrastive, memory",
       {.kind = "contrastive",
        .keys = {{"margin", 1.0}},
        .mining = {{"kind", "balanced"}, {"memory", 60}}}},
      {"aam-softmax, sub-centers", {.kind = "aam-softmax", .keys = {{"sub_centers", 2}}}},
  };
  for (const auto& kind : losses().names()) all[kind] = {.kind = kind};
  all["contrastive"].keys = {{"margin", 1.0}};
  const Values cosine{{"kind", "teacher-cosine"}},
      table{{"kind", "teacher-table"}, {"weight", 5.0}};
  all["sum"].keys = {{"terms", std::vector{cosine, table}}};
  all["sum with labels and memory"] = {
      .kind = "sum",
      .keys = {{"terms", std::vector{Values{{"kind", "triplet"}}, cosine,
                                     Values{{"kind", "aam-softmax"}, {"weight", 0.1}}}}},
      .mining = {{"memory", 60}}};
  return all;
}

/// The recipe with this loss, and a teacher that knows these voices where the loss needs one.
Recipe with_loss(Recipe recipe, const LossOptions& loss, const TemporaryFolder& folder) {
  if (make_loss(loss)->needs().teacher) {
    train(recipe, {.out = folder / "teacher", .seed = 8});
    recipe.teacher.model = folder / "teacher/model.safetensors";
  }
  recipe.loss = loss;
  return recipe;
}

class EveryLoss : public ::testing::TestWithParam<std::pair<const std::string, LossOptions>> {
 protected:
  const LossOptions& options() const { return GetParam().second; }

  TemporaryFolder folder;
};

INSTANTIATE_TEST_SUITE_P(Trainer, EveryLoss, ::testing::ValuesIn(loss_options()),
                         [](const auto& info) {
                           std::string name = info.param.first;
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

TEST_P(EveryLoss, LearnsVoicesItNeverHeard) {
  Recipe recipe = small_recipe(folder);
  Recipe baseline = recipe;
  baseline.encoder = {.kind = "statistics"};
  baseline.loss.kind = "aam-softmax";  // what a loss has to learn does not make it train
  const TrainResult untrained = train(baseline, {.out = folder / "untrained"});
  EXPECT_EQ(untrained.steps, 0U);
  recipe = with_loss(recipe, options(), folder);
  const std::string file = folder / "run/model.safetensors";
  const TrainResult result = train(recipe, {.out = folder / "run"});
  EXPECT_LT(result.dev_eer, untrained.dev_eer - 0.05);
  const Model model = load_model(file);
  ASSERT_TRUE(model.calibration.has_value());
  EXPECT_NEAR(model.calibration->eer, result.dev_eer, 1e-12);
  EXPECT_LT(selftest(file), 1e-5);
  EXPECT_EQ(SafetensorsFile(file).tensors().size(),
            nn::network_of(model.encoder).parameters().size())
      << "a model holds its encoder and nothing of its loss";
}

TEST(Trainer, ALossThatLearnsIsTrainedWithTheEncoder) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.loss.kind = "ge2e";
  train(recipe, {.out = folder / "run"});
  const SafetensorsFile file(folder / "run/last.safetensors");
  const float ln_scale = file.tensor("state.loss.learned").values[0];
  EXPECT_GT(std::abs(ln_scale - std::log(10.0F)), 1e-3F);
  EXPECT_NE(file.tensor("adam.second.loss.learned").values[0], 0.0F);
}

TEST_P(EveryLoss, GivesTheSameBytesAtAnyNumberOfThreads) {
  Recipe recipe = with_loss(small_recipe(folder), options(), folder);
  recipe.train.epochs = 2;
  const auto run = [&](int threads) {
    const ThreadLimit limit(threads);
    train(recipe, {.out = folder / "run"});
    return read_file(folder / "run/model.safetensors") + read_file(folder / "run/last.safetensors");
  };
  EXPECT_TRUE(run(1) == run(3));
}

TEST(Trainer, SameSeedGivesTheSameBytesAtAnyNumberOfThreads) {
  const TemporaryFolder folder;
  const Recipe recipe = small_recipe(folder);
  const auto run = [&](const std::string& out, int threads, std::uint64_t seed) {
    const ThreadLimit limit(threads);
    train(recipe, {.out = folder / out, .seed = seed});
    return read_file(folder / (out + "/model.safetensors")) +
           read_file(folder / (out + "/last.safetensors"));
  };
  const std::string one = run("one", 1, 5);
  EXPECT_EQ(run("two", 2, 5), one);
  EXPECT_EQ(run("three", 3, 5), one);
  EXPECT_NE(run("other", 2, 6), one);
  EXPECT_EQ(timeless(folder / "one/log.jsonl"), timeless(folder / "two/log.jsonl"));
}

TEST(Trainer, KilledAnywhereAndResumedEqualsTheUnbrokenRun) {
  const TemporaryFolder folder;
  const Recipe recipe = small_recipe(folder);
  train(recipe, {.out = folder / "unbroken"});
  Random random(11, Purpose::test);
  for (int trial = 0; trial < 4; ++trial) {
    const std::string out = folder / ("broken" + std::to_string(trial));
    // The first stop saves a checkpoint; the second is a crash: nothing after the last one is kept.
    std::uint64_t left = 1 + random.below(20);
    EXPECT_TRUE(train(recipe, {.out = out, .should_stop = [&] { return --left == 0; }}).stopped);
    std::uint64_t more = 1 + random.below(15);
    struct Crash {};
    EXPECT_THROW(train(recipe, {.out = out,
                                .resume = true,
                                .should_stop =
                                    [&] {
                                      if (--more == 0) throw Crash{};
                                      return false;
                                    }}),
                 Crash);
    EXPECT_FALSE(train(recipe, {.out = out, .resume = true}).stopped);
    for (const char* name : {"/model.safetensors", "/last.safetensors"})
      EXPECT_TRUE(read_file(out + name) == read_file(folder / "unbroken" + name)) << name;
    EXPECT_EQ(timeless(out + "/log.jsonl").back(), timeless(folder / "unbroken/log.jsonl").back());
  }
}

TEST(Trainer, WhatALossLearnedAndRemembersIsResumedToTheSameBytes) {
  const TemporaryFolder folder;
  for (const auto& [name, options] : loss_options()) {
    Recipe recipe = with_loss(small_recipe(folder), options, folder);
    recipe.train.epochs = 3;
    train(recipe, {.out = folder / "unbroken"});
    const bool remembers = !options.mining.empty();
    for (const std::uint64_t at : remembers ? std::vector<std::uint64_t>{1, 5, 9}  // empty to full
                                            : std::vector<std::uint64_t>{5}) {
      std::uint64_t left = at;
      EXPECT_TRUE(
          train(recipe, {.out = folder / "broken", .should_stop = [&] { return --left == 0; }})
              .stopped);
      EXPECT_FALSE(train(recipe, {.out = folder / "broken", .resume = true}).stopped);
      for (const char* file : {"/model.safetensors", "/last.safetensors"})
        EXPECT_TRUE(read_file(folder / "broken" + file) == read_file(folder / "unbroken" + file))
            << name << " " << at << file;
    }
  }
}

TEST(Trainer, RefusesALossThatNeedsOtherBatches) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.loss = {.kind = "prototypical", .keys = {{"shots", 3}}};
  EXPECT_NE(refusal(recipe, {.out = folder / "run"}, Fault::config).find("sampler.clips"),
            std::string::npos);
}

TEST(Trainer, ARunThatHasNoFolderIsAWrongCall) {
  const TemporaryFolder folder;
  EXPECT_THROW(train(small_recipe(folder), {.out = ""}), std::invalid_argument);
}

TEST(Trainer, ResumesOnlyTheRunThatWasInterrupted) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.epochs = 2;
  EXPECT_NE(
      refusal(recipe, {.out = folder / "none", .resume = true}, Fault::io).find("last.safetensors"),
      std::string::npos);
  train(recipe, {.out = folder / "run", .seed = 1});
  EXPECT_NE(refusal(recipe, {.out = folder / "run", .seed = 2, .resume = true}, Fault::mismatch)
                .find("another seed"),
            std::string::npos);
  recipe.optimizer.learning_rate *= 2;
  EXPECT_NE(refusal(recipe, {.out = folder / "run", .seed = 1, .resume = true}, Fault::mismatch)
                .find("another recipe"),
            std::string::npos);
}

TEST(Trainer, ADamagedCheckpointIsRefusedByName) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.epochs = 1;
  train(recipe, {.out = folder / "run"});
  const std::string path = folder / "run/last.safetensors";
  const std::string good = read_file(path);
  const std::pair<std::string, std::string> damages[] = {
      {R"({\"step\":4)", R"({\"step\":[)"},                                 // no JSON
      {R"({\"step\":4,\"best_epoch\")", R"({\"step\":\"\",\"best_ep\")"}};  // no number
  for (const auto& [from, to] : damages) {
    std::string bad = good;
    const auto at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    write_file(path, bad);
    EXPECT_TRUE(
        refusal(recipe, {.out = folder / "run", .resume = true}, Fault::format).starts_with(path));
  }
}

TEST(Trainer, ReportsWhatItWatches) {
  const TemporaryFolder folder;
  const Recipe recipe = small_recipe(folder);
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  train(recipe, {.out = folder / "run",
                 .on_step = [&](const StepReport& r) { steps.push_back(r); },
                 .on_epoch = [&](const EpochReport& r) { epochs.push_back(r); }});
  ASSERT_EQ(steps.size(), 14U);  // 40 steps, every third and the last
  EXPECT_EQ(steps.back().step, 40U);
  EXPECT_EQ(epochs.size(), 5U);
  for (const StepReport& r : steps) {
    EXPECT_EQ(r.steps, 40U);
    EXPECT_GT(r.gradient_norm, 0.0);
    EXPECT_GT(r.negative, 0.0);
    EXPECT_GT(r.spread, 0.1);
    EXPECT_LE(r.active, 1.0);
    EXPECT_GE(r.data_wait, 0.0);
    EXPECT_LE(r.data_wait, 1.0);
    EXPECT_GT(r.clips_per_second, 0.0);
  }
  EXPECT_LT(steps.back().loss, steps.front().loss);
  EXPECT_LT(steps.back().positive, steps.back().negative);
}

TEST(Trainer, CollapseIsNamedWithWhatToTry) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  set_value(recipe.encoder.keys, "pooled_norm", false);
  set_value(recipe.encoder.keys, "input_norm", false);
  recipe.optimizer.learning_rate = 1.0;
  recipe.optimizer.warmup_steps = 0;
  recipe.train.epochs = 100;
  const std::string reason = refusal(recipe, {.out = folder / "run"}, Fault::numeric);
  EXPECT_NE(reason.find("collapsed"), std::string::npos) << reason;
  EXPECT_NE(reason.find("optimizer.learning_rate (now 1)"), std::string::npos) << reason;
}

TEST(Trainer, DevNeedsTrialsOfBothKinds) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev = write_corpus(folder, "lone", 200, 1, 4);
  try {
    train(recipe, {.out = folder / "run"});
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(),
              folder / "lone.csv: 4 clips of 1 labels; dev needs two labels, and two clips of one");
  }
}

TEST(Trainer, DevMustHoldOthersThanTraining) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev = recipe.data.train[0];
  EXPECT_NE(refusal(recipe, {.out = folder / "run"}, Fault::mismatch).find("also in training"),
            std::string::npos);
}

TEST(Trainer, LabelsOfTwoManifestsAreDifferentVoices) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.train.push_back(recipe.data.train[0]);
  recipe.train.epochs = 1;
  train(recipe, {.out = folder / "run"});
  const auto provenance =
      nlohmann::json::parse(load_model(folder / "run/model.safetensors").provenance);
  EXPECT_EQ(provenance.at("corpus").at("labels"), 36);
  const std::filesystem::path told = provenance.at("recipe").at("data").at("train").at(0);
  EXPECT_EQ(std::distance(told.begin(), told.end()), 2) << told;  // not where it lies on this disk
}

}  // namespace
}  // namespace twinear
