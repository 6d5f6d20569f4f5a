// SPDX-License-Identifier: Apache-2.0
#include "train/warm_start.h"

#include <gtest/gtest.h>

#include <set>

#include "train/corpus.h"
#include "train/run.h"
#include "twinear/model.h"

namespace twinear {
namespace {

Model small_model(std::uint64_t seed, int embedding = 8, int bins = 12) {
  FrontEnd front_end;
  front_end.mel_bins = bins;
  return {.front_end = front_end,
          .encoder = Encoder(
              EncoderSpec::compact(
                  {.bins = bins, .channels = {16, 16}, .strides = {1, 2}, .embedding = embedding}),
              seed),
          .calibration = {},
          .provenance = "{}",
          .id = {}};
}

std::string saved(const TemporaryFolder& folder, const Model& model) {
  save_model(model, folder / "old.safetensors");
  return folder / "old.safetensors";
}

/// Keys of the tensors that two models have alike.
std::set<std::string> alike(const Model& a, const Model& b) {
  std::set<std::string> keys;
  const auto ours = nn::network_of(a.encoder).parameters(),
             theirs = nn::network_of(b.encoder).parameters();
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (ours[i].parameter->value == theirs[i].parameter->value) keys.insert(ours[i].key);
  return keys;
}

std::string refused(Model& to, const std::string& path, const std::vector<std::string>& reinit,
                    Fault fault) {
  try {
    warm_start(to, {.init = path, .reinit = reinit});
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), fault) << e.what();
    return e.what();
  }
  return "taken";
}

TEST(WarmStart, TakesEveryTensorButThoseOfLayersThatBeginAnew) {
  const TemporaryFolder folder;
  const Model old = small_model(1);
  const std::string path = saved(folder, old);
  Model all = small_model(2), some = small_model(2);
  EXPECT_EQ(warm_start(all, {.init = path}), load_model(path).id);
  EXPECT_EQ(alike(all, old).size(), nn::network_of(old.encoder).parameters().size());
  warm_start(some, {.init = path, .reinit = {"projection"}});
  const auto kept = alike(some, old);
  EXPECT_FALSE(kept.contains("projection.weight"));
  EXPECT_TRUE(alike(some, small_model(2)).contains("projection.weight"));
  EXPECT_TRUE(kept.contains(nn::network_of(old.encoder).parameters()[0].key));
}

TEST(WarmStart, NamesATensorThatDoesNotFit) {
  const TemporaryFolder folder;
  const std::string path = saved(folder, small_model(1));
  Model wide = small_model(2, 10);
  const std::string reason = refused(wide, path, {}, Fault::mismatch);
  EXPECT_TRUE(reason.starts_with(path));
  EXPECT_NE(reason.find("\"projection.bias\" is 8, the recipe's 10"), std::string::npos) << reason;
  EXPECT_NE(reason.find("train.reinit = [\"projection\"]"), std::string::npos) << reason;
  EXPECT_EQ(refused(wide, path, {"proj*"}, Fault::mismatch), "taken");
}

TEST(WarmStart, NamesATensorThatOnlyOneOfThemHas) {
  const TemporaryFolder folder;
  Model plain = small_model(1), normed = small_model(1);
  EncoderSpec spec = plain.encoder.spec();
  spec.layers.insert(spec.layers.begin(),
                     {.kind = "batch_norm", .name = "input_norm", .keys = {{"affine", false}}});
  normed.encoder = Encoder(spec, 1);
  save_model(plain, folder / "plain.safetensors");
  save_model(normed, folder / "normed.safetensors");
  EXPECT_NE(refused(plain, folder / "normed.safetensors", {}, Fault::mismatch)
                .find("\"input_norm.running_mean\" has no place"),
            std::string::npos);
  EXPECT_NE(refused(normed, folder / "plain.safetensors", {}, Fault::mismatch)
                .find("\"input_norm.running_mean\" is missing"),
            std::string::npos);
  EXPECT_EQ(refused(plain, folder / "normed.safetensors", {"input_norm"}, Fault::mismatch),
            "taken");
}

TEST(WarmStart, RefusesAnotherFrontEndAndNamesThatNoLayerHas) {
  const TemporaryFolder folder;
  Model old = small_model(1), to = small_model(2);
  old.front_end.hop_ms = 5;
  EXPECT_NE(refused(to, saved(folder, old), {}, Fault::mismatch).find("front end"),
            std::string::npos);
  const std::string path = saved(folder, small_model(1));
  EXPECT_NE(refused(to, path, {"projectoin"}, Fault::config).find("projectoin"), std::string::npos);
  EXPECT_THROW(freeze(nn::network_of(to.encoder), {"nothing*"}, true), Error);
}

TEST(WarmStart, ARunThatBeginsWithAModelIsAsGoodAsTheModel) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  const TrainResult before = train(recipe, {.out = folder / "before"});
  recipe.train.init = folder / "before/model.safetensors";
  recipe.train.freeze = {"*"};
  recipe.train.epochs = 1;
  const TrainResult after = train(recipe, {.out = folder / "after", .seed = 0});
  EXPECT_EQ(after.dev_eer, before.dev_eer);
  const auto provenance =
      nlohmann::json::parse(load_model(folder / "after/model.safetensors").provenance);
  EXPECT_EQ(provenance.at("init"), load_model(recipe.train.init).id);
}

TEST(Freezing, KeepsWeightsAndStatisticsUntilItsEpochIsOver) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.data.dev.clear();
  recipe.train.epochs = 1;
  const std::string file = folder / "run/model.safetensors";
  train(recipe, {.out = folder / "run"});
  const Model trained = load_model(file);
  std::set<std::string> frozen;
  for (const auto& [key, p] : nn::network_of(trained.encoder).parameters())
    if (!key.starts_with("projection")) frozen.insert(key);

  recipe.train.init = folder / "init.safetensors";
  save_model(trained, recipe.train.init);
  recipe.train.freeze = {"conv*", "norm*", "*norm"};
  train(recipe, {.out = folder / "run"});
  EXPECT_EQ(alike(load_model(file), trained), frozen);

  recipe.train.epochs = 3;
  recipe.train.freeze_epochs = 2;
  train(recipe, {.out = folder / "run"});
  EXPECT_TRUE(alike(load_model(file), trained).empty());
}

}  // namespace
}  // namespace twinear
