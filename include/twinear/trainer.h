// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "twinear/dataset.h"
#include "twinear/encoder.h"
#include "twinear/features.h"
#include "twinear/loss.h"
#include "twinear/metrics.h"
#include "twinear/miner.h"

namespace twinear {

/// [encoder]
struct EncoderOptions {
  std::string kind = "compact";  ///< or "statistics", the untrained baseline: nothing to learn
  int embedding = 192;
  std::vector<int> channels = {128, 256, 256};
  std::vector<int> strides = {1, 2, 1};
  bool input_norm = false;
  bool pooled_norm = true;
};

/// [loss] and [mining]
struct Objective {
  std::string kind = "triplet";  ///< or "contrastive"
  float margin = 0.3F;
  TripletForm form = TripletForm::hinge;
  TripletMean mean = TripletMean::nonzero;
  Distance distance = Distance::euclidean;
  TripletMining triplets = TripletMining::batch_hard;
  PairMining pairs = PairMining::all;
};

/// [optimizer]
struct OptimizerOptions {
  std::string kind = "adamw";  ///< or "adam": weight decay added to the gradient
  double learning_rate = 1e-3;
  double weight_decay = 1e-4;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  int warmup_steps = 40;            ///< linear from 0
  std::string schedule = "cosine";  ///< to 0 at the last step; or "constant"
  double clip_norm = 5.0;           ///< of the whole gradient; 0 means never
};

/// [train]
struct TrainOptions {
  int epochs = 30;            ///< an epoch is clips / (P K) batches, at least one
  double crop_seconds = 2.0;  ///< of each clip, at a random place; shorter clips are masked
  int eval_every = 5;         ///< epochs between evaluations on dev
  int log_every = 10;         ///< steps between lines of log.jsonl
  int checkpoint_every = 50;  ///< steps between checkpoints
  int cache_mb = 2048;        ///< features kept in memory
  bool stop_on_collapse = true;
};

/// [data] and [eval]; paths are relative to the recipe.
struct DataOptions {
  std::vector<std::string> train;  ///< manifests; labels of different ones are different
  std::string dev;                 ///< manifest of speakers or sounds that are not in train
  int dev_trials = 20000;  ///< at most so many target and nontarget trials between dev clips
};

/// A recipe: everything that training depends on but the seed.
struct Recipe {
  FrontEnd front_end;
  EncoderOptions encoder;
  Objective objective;
  SamplerOptions sampler;
  OptimizerOptions optimizer;
  TrainOptions train;
  DataOptions data;
};

/// Reads a TOML recipe, then applies `overrides` ("train.epochs=3"). Throws Error with file and
/// line, and the nearest known key, for an unknown key or a value of the wrong type or range.
Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides = {});

/// What one training step did, averaged over the steps since the last report.
struct StepReport {
  std::uint64_t step = 0, steps = 0;
  double loss = 0, learning_rate = 0, gradient_norm = 0;
  double active = 0;                  ///< share of pairs or triplets that pushed
  double positive = 0, negative = 0;  ///< mean distance between same and different clips
  double spread = 0;                  ///< root mean squared distance of embeddings from their mean
  double data_wait = 0;               ///< share of the time spent waiting for data
  double clips_per_second = 0;
};

/// What an evaluation on dev found.
struct EpochReport {
  std::uint64_t step = 0;
  int epoch = 0;
  double dev_eer = 0, dev_min_dcf = 0;
  bool best = false;
};

/// Where a run writes and how it is watched. The callbacks run on the training thread.
struct TrainRun {
  std::string out;  ///< folder: model.safetensors, last.safetensors, log.jsonl
  std::uint64_t seed = 0;
  bool resume = false;  ///< go on from last.safetensors, to the same bytes
  std::function<void(const StepReport&)> on_step;
  std::function<void(const EpochReport&)> on_epoch;
  std::function<bool()> should_stop;  ///< asked after each step; true: checkpoint and return
};

struct TrainResult {
  std::uint64_t steps = 0;
  int best_epoch = 0;
  double dev_eer = 0;
  double seconds = 0;
  bool stopped = false;  ///< should_stop ended it
};

/// Trains and leaves `out`/model.safetensors: the best on dev, calibrated on the dev trials.
/// Throws Error (numeric), with what to try, on collapse or a value that is not finite.
/// Same recipe, seed, build and CPU kind: same bytes, at any number of threads.
TrainResult train(const Recipe& recipe, const TrainRun& run);

}  // namespace twinear
