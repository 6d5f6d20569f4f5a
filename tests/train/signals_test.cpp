// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/files.h"
#include "signal_storm.h"
#include "train/corpus.h"
#include "twinear/trainer.h"

namespace twinear {
namespace {

TEST(Trainer, GivesTheSameBytesHoweverManySignalsArrive) {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  set_value(recipe.encoder.keys, "channels",
            std::vector{64, 64});  // so that it multiplies most of the time
  recipe.train.epochs = 30;
  recipe.loss.kind = "aam-softmax";
  train(recipe, {.out = folder / "undisturbed"});
  {
    const SignalStorm storm;
    train(recipe, {.out = folder / "disturbed"});
    EXPECT_GT(SignalStorm::handled(), 0);
    EXPECT_EQ(SignalStorm::astray(), 0);
  }
  EXPECT_TRUE(read_file(folder / "undisturbed/model.safetensors") ==
              read_file(folder / "disturbed/model.safetensors"));
}

}  // namespace
}  // namespace twinear
