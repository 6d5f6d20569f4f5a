// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "twinear/augment.h"
#include "twinear/batch_loader.h"
#include "twinear/encoder.h"
#include "twinear/features.h"
#include "twinear/loss.h"
#include "twinear/manifest.h"
#include "twinear/optimizer.h"
#include "twinear/sampler.h"
#include "twinear/teacher.h"

namespace twinear {

/// [train]
struct TrainOptions {
  int epochs = 30;  ///< an epoch is clips / (P K accumulate) steps, at least one

  /// Batches whose mean gradient makes a step. Pairs and triplets are made within a batch, whose
  /// statistics batch norm uses too; so this is no larger batch, but a less noisy slope of the same
  /// loss. What is larger for the loss is sampler.labels or mining.memory.
  int accumulate = 1;
  /// Above 0: not the weights but their running mean is evaluated and saved, in which each step
  /// counts 1 - min(average, (1 + step) / (10 + step)). Batch norm's running statistics are
  /// averaged alike: those that belong to the weights. The run goes on with the weights.
  double average = 0.0;
  int patience = 0;  ///< evaluations without a better one that end the run; 0 means none do

  /// A model, by its file relative to the recipe or by its name, that weights and statistics are
  /// taken from: its front end must be this one, and its tensors the encoder's, but for layers
  /// named by `reinit`.
  std::string init;
  /// The model may have more layers and channels than the encoder, and another front end of as many
  /// mel bins. Layers are matched by their names; in each, those channels are kept that the layers
  /// behind it read most.
  bool narrow = false;
  std::vector<std::string>
      reinit;  ///< layers that begin anew: names in which * stands for any text
  /// Layers that stay as they are, named likewise, batch norm's running statistics included, by
  /// which it then normalizes.
  std::vector<std::string> freeze;
  int freeze_epochs = 0;  ///< the first so many; 0 means all

  double crop_seconds = 2.0;  ///< of each clip, at a random place; shorter clips are masked
  int eval_every = 5;         ///< epochs between evaluations on dev
  int log_every = 10;         ///< steps between lines of log.jsonl
  int checkpoint_every = 50;  ///< steps between checkpoints
  int prefetch = 4;           ///< batches made ahead at most; no bit depends on it
  int cache_mb = 2048;        ///< features, or sound to be augmented, kept in memory
  /// Folder, relative to the recipe, of features and of a teacher's embeddings of clips that are
  /// kept from run to run.
  std::string feature_cache;
  bool stop_on_collapse = true;
  Precision precision = Precision::fp32;  ///< a CPU without AVX512_BF16 warns and stays at fp32
};

/// [data]; paths are relative to the recipe. Clips need no label where the loss can do without
/// (LabelUse): they are then drawn like labels of one clip.
struct DataOptions {
  std::vector<std::string> train;  ///< manifests; labels of different ones are different
  std::vector<int> weights;  ///< of each manifest: how often its labels are drawn; none: all alike
  std::string dev;           ///< manifest of speakers or sounds that are not in train
  std::string source = "source";  ///< what a label is, for people (Model::source)
};

/// [eval]
struct EvalOptions {
  int dev_trials = 20000;  ///< target and nontarget trials between dev clips, at most
};

/// A recipe: everything that training depends on but the seed.
struct Recipe {
  FrontEnd front_end;
  EncoderOptions encoder;
  LossOptions loss;        ///< and [mining]
  TeacherOptions teacher;  ///< for losses that ask for one (BatchNeed::teacher)
  SamplerOptions sampler;
  AugmentOptions augment;
  OptimizerOptions optimizer;
  TrainOptions train;
  DataOptions data;
  EvalOptions eval;
};

/// Reads a TOML recipe, then applies `overrides` ("train.epochs=3"). Throws Error with file and
/// line, and the nearest known key, for an unknown key or a value of the wrong type or range.
/// `warn` gets one line for each key that is given by the name that it had in an earlier version.
Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides = {},
                   const std::function<void(const std::string&)>& warn = {});

/// What one training step did, averaged over the steps since the last report.
struct StepReport {
  std::uint64_t step = 0, steps = 0;
  double loss = 0, learning_rate = 0, gradient_norm = 0;
  double active = 0;                  ///< share of pairs or triplets that pushed
  double positive = 0, negative = 0;  ///< mean distance between same and different clips
  double spread = 0;                  ///< root mean squared distance of embeddings from their mean
  double data_wait = 0;               ///< share of the time in which no step could be done for want
                                      ///< of a batch, helping to make it included
  double clips_per_second = 0;
};

/// What an evaluation on dev found. A figure that there is not is NaN.
struct EpochReport {
  std::uint64_t step = 0;
  int epoch = 0;
  /// Shares, not percent; there are none where no dev clip has a label.
  double dev_eer = std::numeric_limits<double>::quiet_NaN();
  double dev_min_dcf = std::numeric_limits<double>::quiet_NaN();
  /// Mean cosine of Loss::toward_teacher() of the dev clips to the teacher's embeddings.
  double dev_cosine = std::numeric_limits<double>::quiet_NaN();
  /// Root mean squared difference of the cosines between dev clips from those of the teacher.
  double dev_table = std::numeric_limits<double>::quiet_NaN();
  /// Whether the EER is the lowest so far; without it, whether the cosine is the highest, and
  /// without that, whether the difference is the lowest.
  bool best = false;
};

/// Where a run writes and how it is watched. The callbacks run on the training thread.
struct TrainRun {
  std::string out;  ///< folder: model.safetensors, last.safetensors, log.jsonl
  std::uint64_t seed = 0;
  bool resume = false;  ///< go on from last.safetensors, to the same bytes
  std::function<void(const std::string&)> on_warning = {};  ///< one line, no full stop
  std::function<void(const StepReport&)> on_step = {};
  std::function<void(const EpochReport&)> on_epoch = {};
  std::function<bool()> should_stop = {};  ///< asked after each step; true: checkpoint and return
};

/// How a run went.
struct TrainResult {
  std::uint64_t steps = 0;
  int best_epoch = 0;
  double dev_eer = 0;  ///< EpochReport's of the best epoch, or 0 without dev; NaN without labels
  double dev_cosine = std::numeric_limits<double>::quiet_NaN();  ///< likewise
  double seconds = 0;
  double data_wait = 0;  ///< StepReport's, over all steps of this run
  bool stopped = false;  ///< should_stop ended it
  bool patience_ended = false;
};

/// Trains and leaves `out`/model.safetensors: the best on dev, calibrated on the dev trials.
/// Throws Error (numeric), with what to try, on collapse or a value that is not finite; (config)
/// for a loss that gets no label or no teacher that it needs, and for a teacher that no loss asks;
/// std::invalid_argument for an empty `out`.
/// Same recipe, seed, build and CPU kind: same bytes, at any number of threads.
TrainResult train(const Recipe& recipe, const TrainRun& run);

/// What a program trains on that does not name files in DataOptions: clips that it made itself, of
/// samples or features in memory, and its own way to choose and to read them.
struct TrainingData {
  Manifest train;                          ///< the clips to learn from
  Manifest dev = {};                       ///< clips of other labels to judge by; empty: none
  std::vector<double> label_weights = {};  ///< of Sampler; none: all labels are alike
  DrawBatch draw = {};                     ///< chooses the clips of a batch in the sampler's place
  FeatureSource features = {};             ///< gives the features of training clips
};

/// Trains on this data instead of what the recipe's DataOptions names. A run can be resumed with
/// the same clips. Without TrainingData::dev the last weights are saved, and the model is not
/// calibrated (fit_calibration). Throws std::invalid_argument for a manifest that make_manifest()
/// did not build.
TrainResult train(const Recipe& recipe, TrainingData data, const TrainRun& run);

}  // namespace twinear
