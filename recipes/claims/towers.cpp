// SPDX-License-Identifier: Apache-2.0
// Trains one tower for both clips of a comparison, or a tower for each. Pairs, their order, crops
// and loss are the same; only the weights are shared or not. Writes DIR/log.jsonl (EER on dev clips
// during training), DIR/scores.txt (the trials, enrollment through the left tower and test through
// the right one), DIR/left.txt (both through the left one) and DIR/places.txt (`key value` lines).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>

#include "claims.h"
#include "twinear/error.h"
#include "twinear/learner.h"
#include "twinear/loss_functions.h"
#include "twinear/metrics.h"
#include "twinear/threads.h"
#include "twinear/trainer.h"
#include "twinear/trials.h"

namespace twinear::claims {
namespace {

struct Arguments {
  std::string recipe, out, test, trials;
  std::vector<std::string> overrides;
  bool separate = false;
  std::uint64_t seed = 0;
  int threads = 0;
};

EncoderSpec spec(const Recipe& recipe) {
  return encoder_spec(recipe.encoder, recipe.front_end.mel_bins);
}

/// Clips that are not in training, and trials between them.
class Evaluation {
 public:
  Evaluation(Manifest manifest, std::vector<Trial> trials, const LogMel& log_mel)
      : manifest_(std::move(manifest)),
        trials_(std::move(trials)),
        features_(features_of(manifest_.clips, log_mel)) {
    for (std::size_t i = 0; i < manifest_.clips.size(); ++i) clip_of_[manifest_.clips[i].name] = i;
    for (const Trial& t : trials_)
      for (const auto& name : {t.enroll, t.test})
        if (!clip_of_.contains(name))
          throw Error(Fault::mismatch, "towers: " + name + ": in a trial, but not in the manifest");
  }

  std::vector<ScoredTrial> score(const Encoder& enroll, const Encoder& test) const {
    const Matrix left = enroll.embed(features_), right = test.embed(features_);
    std::vector<ScoredTrial> scored;
    for (const Trial& t : trials_)
      scored.push_back(
          {t, cosine(left.row(clip_of_.at(t.enroll)), right.row(clip_of_.at(t.test)))});
    return scored;
  }

  const Manifest& manifest() const { return manifest_; }
  const std::vector<Matrix>& features() const { return features_; }

 private:
  Manifest manifest_;
  std::vector<Trial> trials_;
  std::vector<Matrix> features_;
  std::map<std::string, std::size_t> clip_of_;
};

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(sum);
}

/// Mean distances from the left embedding of a clip to right embeddings.
struct Places {
  double self = 0;       ///< to that of the same clip
  double same = 0;       ///< to that of another clip of its speaker
  double different = 0;  ///< to that of a clip of another speaker
  double misplaced = 0;  ///< fraction of clips nearer to another speaker than to themselves
};

Places places(const Evaluation& test, const Encoder& left_tower, const Encoder& right_tower) {
  const Matrix left = left_tower.embed(test.features()), right = right_tower.embed(test.features());
  const auto& label = test.manifest().label_of;
  Places sum;
  double sames = 0, differents = 0;
  for (std::size_t x = 0; x < label.size(); ++x) {
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t y = 0; y < label.size(); ++y) {
      const double d = distance(left.row(x), right.row(y));
      if (label[x] != label[y]) {
        sum.different += d;
        ++differents;
        nearest = std::min(nearest, d);
      } else if (x != y) {
        sum.same += d;
        ++sames;
      }
    }
    const double own = distance(left.row(x), right.row(x));
    sum.self += own;
    if (nearest < own) ++sum.misplaced;
  }
  const auto clips = static_cast<double>(label.size());
  return {sum.self / clips, sum.same / sames, sum.different / differents, sum.misplaced / clips};
}

/// Pairs every clip of the left half of a batch with every clip of the right half, whose rows
/// follow.
std::vector<Pair> cross_pairs(std::span<const int> left, std::span<const int> right) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t j = 0; j < right.size(); ++j)
      pairs.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(left.size() + j),
                       left[i] == right[j] ? PairLabel::same : PairLabel::different});
  return pairs;
}

/// The encoders of both sides of a comparison, which are one where the towers share their weights.
class Towers {
 public:
  Towers(const Recipe& recipe, bool separate, std::uint64_t seed)
      : left_(spec(recipe), seed), margin_(make_loss(recipe.loss)->margins().front()->full) {
    constexpr std::uint64_t another = 1000;  // the second tower begins with other weights
    if (separate) own_.emplace(spec(recipe), seed + another);
    left_learner_.emplace(left_, nullptr, recipe.optimizer);
    right_learner_.emplace(own_ ? *own_ : left_, nullptr, recipe.optimizer);
  }

  const Encoder& left() const { return left_; }
  const Encoder& right() const { return own_ ? *own_ : left_; }
  std::size_t parameters() const { return left_.parameter_count() * (own_ ? 2U : 1U); }

  /// Takes a step by the contrastive loss over all pairs of a left and a right clip.
  void step(const FeatureBatch& left, const FeatureBatch& right, double rate) {
    const std::size_t rows = left.clips(), width = left_.dimension();
    Matrix embeddings(2 * rows, width), gradient(2 * rows, width);
    const auto end =
        std::ranges::copy(left_learner_->embed(left).values(), embeddings.values().begin());
    std::ranges::copy(right_learner_->embed(right).values(), end.out);
    contrastive_loss(embeddings, cross_pairs(left.labels, right.labels), margin_, gradient);
    left_learner_->backward(gradient.part(0, rows));
    right_learner_->backward(gradient.part(rows, rows));
    left_learner_->step(rate);  // with both gradients, where the encoder is shared
    if (own_) right_learner_->step(rate);
  }

 private:
  Encoder left_;
  std::optional<Encoder> own_;
  float margin_;
  std::optional<Learner> left_learner_, right_learner_;
};

/// Makes the batch of the left or the right tower: crops of half of the clips of each label.
FeatureBatch half_batch(const Manifest& train, const std::vector<Matrix>& features,
                        std::span<const std::size_t> batch, std::size_t clips_per_label,
                        std::size_t frames, std::uint64_t seed, std::uint64_t number, bool right) {
  const std::size_t half = clips_per_label / 2;
  std::vector<const Matrix*> clips;
  std::vector<int> labels;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if ((i / half % 2 == 1) != right) continue;
    clips.push_back(&features[batch[i]]);
    labels.push_back(train.label_of[batch[i]]);
  }
  FeatureBatch crops = FeatureBatch::crops(clips, frames, seed, number, right ? 1 : 0);
  crops.labels = std::move(labels);
  return crops;
}

void train(Towers& towers, const Recipe& recipe, const Arguments& args, const LogMel& log_mel,
           const std::string& log_file) {
  const Manifest clips = read_manifest(recipe.data.train.at(0));
  const auto features = features_of(clips.clips, log_mel);
  Manifest dev_clips = read_manifest(recipe.data.dev);
  auto trials = make_trials(dev_clips, static_cast<std::size_t>(recipe.eval.dev_trials), args.seed);
  const Evaluation dev(std::move(dev_clips), std::move(trials), log_mel);

  const Sampler sampler(clips, recipe.sampler, args.seed);
  const auto per_label = static_cast<std::size_t>(recipe.sampler.clips);
  const std::size_t batch_size = static_cast<std::size_t>(recipe.sampler.labels) * per_label;
  const std::size_t frames = log_mel.frames(static_cast<std::size_t>(
      recipe.train.crop_seconds * static_cast<double>(recipe.front_end.sample_rate)));
  const std::uint64_t per_epoch = std::max<std::uint64_t>(1, clips.clips.size() / batch_size);
  const std::uint64_t steps = per_epoch * static_cast<std::uint64_t>(recipe.train.epochs);
  std::ofstream log(log_file);
  for (std::uint64_t k = 0; k < steps; ++k) {
    const auto batch = sampler.batch(k);
    const auto half = [&](bool right) {
      return half_batch(clips, features, batch, per_label, frames, args.seed, k, right);
    };
    towers.step(half(false), half(true),
                learning_rate(recipe.optimizer, {.step = k, .steps = steps}));

    const std::uint64_t done = k + 1, epoch = done / per_epoch;
    const auto every = static_cast<std::uint64_t>(recipe.train.eval_every);
    if (done % per_epoch != 0 || (epoch % every != 0 && done != steps)) continue;
    const Scores scores = split_scores(dev.score(towers.left(), towers.right()));
    log << fmt::format("{{\"epoch\":{},\"step\":{},\"dev_eer\":{}}}\n", epoch, done,
                       eer(scores).rocch)
        << std::flush;
  }
}

void run(const Arguments& args) {
  const ThreadLimit limit(args.threads);
  const Recipe recipe = read_recipe(args.recipe, args.overrides);
  if (recipe.sampler.clips % 2 != 0)
    throw Error(Fault::config, "towers: sampler.clips: expected an even number, one half a tower");
  const LogMel log_mel(recipe.front_end);
  const Evaluation test(read_manifest(args.test), read_trials(args.trials), log_mel);
  std::filesystem::create_directories(args.out);
  const auto file = [&](const char* name) {
    return (std::filesystem::path(args.out) / name).string();
  };
  Towers towers(recipe, args.separate, args.seed);
  train(towers, recipe, args, log_mel, file("log.jsonl"));

  const Encoder &left = towers.left(), &right = towers.right();
  write_scores(file("scores.txt"), test.score(left, right));
  write_scores(file("left.txt"), test.score(left, left));
  const auto [self, same, different, misplaced] = places(test, left, right);
  write_text(file("places.txt"),
             fmt::format("parameters {}\nself {}\nsame {}\ndifferent {}\nmisplaced {}\n",
                         towers.parameters(), self, same, different, misplaced));
}

}  // namespace
}  // namespace twinear::claims

int main(int argc, char** argv) {
  twinear::claims::Arguments args;
  CLI::App app("Trains one tower for both clips of a comparison, or two");
  app.add_option("recipe", args.recipe, "Recipe of twinear train, whose loss is contrastive")
      ->required();
  app.add_flag("--separate", args.separate,
               "Train a tower for the left clips and one for the right");
  app.add_option("--set", args.overrides, "TABLE.KEY=VALUE");
  app.add_option("--seed", args.seed);
  app.add_option("--threads", args.threads);
  app.add_option("--test", args.test, "Manifest of the clips of the trials")->required();
  app.add_option("--trials", args.trials)->required();
  app.add_option("--out", args.out, "Folder of the results")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::claims::run(args);
  } catch (const twinear::Error& e) {
    fmt::print(stderr, "towers: {}\n", e.what());
    return 2;
  }
}
