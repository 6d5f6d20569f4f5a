// SPDX-License-Identifier: Apache-2.0
// Whole runs under the watch: rates that collapse, and rates that do not.
#include <gtest/gtest.h>

#include <regex>

#include "train/corpus.h"
#include "train/run.h"

namespace twinear {
namespace {

/// Sixty steps of batch-hard triplets, which collapse most easily.
Recipe sixty_steps(const TemporaryFolder& folder) {
  Recipe recipe = small_recipe(folder);
  recipe.data.dev.clear();
  recipe.train.epochs = 15;
  recipe.train.checkpoint_every = 1000;
  return recipe;
}

/// The step at which a run is refused for collapse, or 0.
int collapsed_at(const Recipe& recipe, const std::string& out, std::uint64_t seed) {
  try {
    train(recipe, {.out = out, .seed = seed});
  } catch (const Error& e) {
    const std::string reason = e.what();
    EXPECT_EQ(e.fault(), Fault::numeric);
    EXPECT_NE(reason.find("collapsed"), std::string::npos) << reason;
    std::smatch step;
    EXPECT_TRUE(std::regex_search(reason, step, std::regex("^step (\\d+): "))) << reason;
    return std::stoi(step[1]);
  }
  return 0;
}

TEST(Collapse, OfARateThatIsTooHighIsNamedWithinFiftySteps) {
  const TemporaryFolder folder;
  Recipe recipe = sixty_steps(folder);
  for (const std::string form : {"hinge", "soft"})
    for (const bool norm : {true, false})
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        recipe.loss.keys = {{"form", form}};
        set_value(recipe.encoder.keys, "pooled_norm", norm);
        set_value(recipe.encoder.keys, "input_norm", norm);
        recipe.optimizer.learning_rate = 1;
        const int step = collapsed_at(recipe, folder / "run", seed);
        EXPECT_GT(step, 0) << norm << " " << seed;
        EXPECT_LE(step, 50) << norm << " " << seed;
      }
}

TEST(Collapse, IsNotSeenAtAGoodRateInTwentySeeds) {
  const TemporaryFolder folder;
  Recipe recipe = sixty_steps(folder);
  for (const std::string form : {"hinge", "soft"})
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      recipe.loss.keys = {{"form", form}};
      EXPECT_EQ(collapsed_at(recipe, folder / "run", seed), 0) << seed;
    }
}

}  // namespace
}  // namespace twinear
