// SPDX-License-Identifier: Apache-2.0
#include "train/recipe_keys.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "base/files.h"
#include "twinear/encoder.h"
#include "twinear/layer.h"
#include "twinear/loss.h"
#include "twinear/miner.h"
#include "twinear/optimizer.h"

namespace twinear {
namespace {

TEST(RecipeKeys, ThePageInDocsIsThatOfTheProgram) {
  EXPECT_TRUE(recipe_keys() == read_file(TWINEAR_SOURCE_DIR "/docs/recipe_keys.md"))
      << "twinear recipe-keys > docs/recipe_keys.md";
}

TEST(RecipeKeys, ExplainEveryKeyAndEveryKind) {
  const std::string page = recipe_keys();
  std::istringstream lines(page);
  int keys = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    ++keys;
    EXPECT_FALSE(line.ends_with("|  |")) << line;
  }
  EXPECT_GT(keys, 120);
  const auto explained = [&](const auto& family) {
    for (const auto& name : family.names())
      EXPECT_NE(page.find("| `" + name + "` | "), std::string::npos) << name;
  };
  explained(architectures());
  explained(nn::layers());
  explained(losses());
  explained(triplet_miners());
  explained(pair_miners());
  explained(schedules());
}

}  // namespace
}  // namespace twinear
