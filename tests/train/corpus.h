// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

#include "base/random.h"
#include "clips/npy.h"
#include "temporary_folder.h"
#include "twinear/trainer.h"

namespace twinear {

/// Voices that differ in a pattern over the bands, as features: clips of `voices` speakers, `first`
/// on. Each clip has an offset of its own, large in the first four bands: what an untrained ear
/// hears first, and a trained one learns to ignore.
inline std::string write_corpus(const TemporaryFolder& folder, const std::string& name, int first,
                                int voices, int clips) {
  std::ofstream manifest(folder / (name + ".csv"));
  manifest << "path,label\n";
  for (int v = first; v < first + voices; ++v)
    for (int c = 0; c < clips; ++c) {
      Random voice(1, Purpose::test, static_cast<std::uint32_t>(v));
      Random noise(2, Purpose::test, static_cast<std::uint32_t>(v), static_cast<std::uint32_t>(c));
      Matrix features(static_cast<std::size_t>(40 + 7 * c), 12);
      std::vector<double> pattern(12), level(12);
      for (double& p : pattern) p = voice.normal();
      for (std::size_t b = 0; b < 12; ++b) level[b] = (b < 4 ? 4.0 : 0.3) * noise.normal();
      for (std::size_t t = 0; t < features.rows(); ++t)
        for (std::size_t b = 0; b < 12; ++b)
          features.row(t)[b] = static_cast<float>(pattern[b] + level[b] + noise.normal());
      const std::string file = name + "_" + std::to_string(v) + "_" + std::to_string(c) + ".npy";
      write_npy(folder / file, features);
      manifest << file << ",voice" << v << '\n';
    }
  return folder / (name + ".csv");
}

/// A recipe that learns these voices in a second.
inline Recipe small_recipe(const TemporaryFolder& folder) {
  Recipe recipe;
  recipe.front_end.mel_bins = 12;
  recipe.encoder = {.kind = "compact",
                    .keys = {{"embedding", 8},
                             {"input_norm", true},
                             {"channels", std::vector{16, 16}},
                             {"strides", std::vector{1, 2}}}};
  recipe.sampler = {.labels = 6, .clips = 3};
  recipe.optimizer.learning_rate = 3e-3;
  recipe.optimizer.warmup_steps = 5;
  recipe.train = {.epochs = 10,
                  .crop_seconds = 0.4,
                  .eval_every = 2,
                  .log_every = 3,
                  .checkpoint_every = 7,
                  .cache_mb = 64,
                  .stop_on_collapse = true};
  recipe.data.train = {write_corpus(folder, "train", 0, 18, 4)};
  recipe.data.dev = write_corpus(folder, "dev", 100, 8, 4);
  return recipe;
}

}  // namespace twinear
