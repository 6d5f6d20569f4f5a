// SPDX-License-Identifier: Apache-2.0
// One tower for both clips of a comparison, or a tower each: the same pairs in the same order, the
// same crops, the same loss; only the weights are shared or not. Writes DIR/log.jsonl (EER on dev
// clips as it goes), DIR/scores.txt (the trials, enrollment through the left tower, test through
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

#include "base/files.h"
#include "base/threads.h"
#include "ear.h"
#include "nn/optimizer.h"
#include "twinear/error.h"
#include "twinear/loss_functions.h"
#include "twinear/metrics.h"

namespace twinear::claims {
namespace {

struct Arguments {
  std::string recipe, out, test, trials;
  std::vector<std::string> overrides;
  bool separate = false;
  std::uint64_t seed = 0;
  int threads = 0;
};

/// An encoder with what moves its weights.
struct Tower {
  Tower(const EncoderSpec& spec, const OptimizerOptions& o, std::uint64_t seed)
      : encoder(spec, seed),
        adam(nn::network_of(encoder), {.weight_decay = o.weight_decay,
                                       .decoupled = o.kind == "adamw",
                                       .beta1 = o.beta1,
                                       .beta2 = o.beta2,
                                       .epsilon = o.epsilon}) {}

  void step(const OptimizerOptions& options, double rate) {
    adam.clip(options.clip_norm);
    adam.step(rate);
  }

  Encoder encoder;
  nn::Adam adam;
};

/// Clips that nobody trains on, and trials between them.
class Listening {
 public:
  Listening(Manifest manifest, std::vector<Trial> trials, const LogMel& log_mel)
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

/// Where two towers put things: mean distances from the left image of a clip to right images.
struct Places {
  double self = 0;       ///< of the very same clip
  double same = 0;       ///< of another clip of its speaker
  double different = 0;  ///< of a clip of another speaker
  double misplaced = 0;  ///< share of clips nearer to another speaker's than to their own
};

Places places(const Listening& test, const Encoder& left_tower, const Encoder& right_tower) {
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

/// Every clip of the left half of a batch against every one of the right half, whose rows follow.
std::vector<Pair> cross_pairs(std::span<const int> left, std::span<const int> right) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t j = 0; j < right.size(); ++j)
      pairs.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(left.size() + j),
                       left[i] == right[j] ? PairLabel::same : PairLabel::different});
  return pairs;
}

/// What one of the two ears is given of a batch: half of the clips of each label.
struct Half {
  std::vector<const Matrix*> clips;
  std::vector<int> labels;
};

void run(const Arguments& args) {
  const ThreadLimit limit(args.threads);
  const Recipe recipe = read_recipe(args.recipe, args.overrides);
  if (recipe.sampler.clips % 2 != 0)
    throw Error(Fault::config, "towers: sampler.clips: expected an even number, one half a tower");
  const LogMel log_mel(recipe.front_end);
  const Manifest train = read_manifest(recipe.data.train.at(0));
  const auto features = features_of(train.clips, log_mel);
  Manifest dev_clips = read_manifest(recipe.data.dev);
  auto dev_trials =
      make_trials(dev_clips, static_cast<std::size_t>(recipe.eval.dev_trials), args.seed);
  const Listening dev(std::move(dev_clips), std::move(dev_trials), log_mel);
  const Listening test(read_manifest(args.test), read_trials(args.trials), log_mel);
  std::filesystem::create_directories(args.out);
  const auto file = [&](const char* name) {
    return (std::filesystem::path(args.out) / name).string();
  };

  constexpr std::uint64_t another = 1000;  // a start of its own for the second tower
  Tower left(encoder_spec(recipe.encoder, recipe.front_end.mel_bins), recipe.optimizer, args.seed);
  std::optional<Tower> own;
  if (args.separate)
    own.emplace(encoder_spec(recipe.encoder, recipe.front_end.mel_bins), recipe.optimizer,
                args.seed + another);
  Tower& right = own ? *own : left;

  const Sampler sampler(train, recipe.sampler, args.seed);
  const auto labels = static_cast<std::size_t>(recipe.sampler.labels);
  const auto half = static_cast<std::size_t>(recipe.sampler.clips) / 2;
  const std::size_t rows = labels * half, width = left.encoder.dimension();
  const std::size_t frames = log_mel.frames(static_cast<std::size_t>(
      recipe.train.crop_seconds * static_cast<double>(recipe.front_end.sample_rate)));
  Ear left_ear(left.encoder, rows, frames), right_ear(right.encoder, rows, frames);

  const std::uint64_t per_epoch = std::max<std::uint64_t>(1, train.clips.size() / (2 * rows));
  const std::uint64_t steps = per_epoch * static_cast<std::uint64_t>(recipe.train.epochs);
  std::ofstream log(file("log.jsonl"));
  for (std::uint64_t k = 0; k < steps; ++k) {
    Half halves[2];
    const auto batch = sampler.batch(k);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Half& to = halves[i / half % 2];
      to.clips.push_back(&features[batch[i]]);
      to.labels.push_back(train.label_of[batch[i]]);
    }
    Matrix embeddings(2 * rows, width), gradient(2 * rows, width);
    const auto step = static_cast<std::uint32_t>(k);
    const auto heard =
        std::ranges::copy(left_ear.hear(halves[0].clips, Random(args.seed, Purpose::crop, step, 0)),
                          embeddings.values().begin());
    std::ranges::copy(right_ear.hear(halves[1].clips, Random(args.seed, Purpose::crop, step, 1)),
                      heard.out);
    contrastive_loss(embeddings, cross_pairs(halves[0].labels, halves[1].labels),
                     make_loss(recipe.loss)->margin()->full, gradient);
    left_ear.learn(gradient.values().first(rows * width));
    right_ear.learn(gradient.values().last(rows * width));
    const double rate = warm_cosine(recipe.optimizer, k, steps);
    left.step(recipe.optimizer, rate);
    if (own) own->step(recipe.optimizer, rate);

    const std::uint64_t done = k + 1, epoch = done / per_epoch;
    const auto every = static_cast<std::uint64_t>(recipe.train.eval_every);
    if (done % per_epoch != 0 || (epoch % every != 0 && done != steps)) continue;
    const Scores scores = split_scores(dev.score(left.encoder, right.encoder));
    log << fmt::format("{{\"epoch\":{},\"step\":{},\"dev_eer\":{}}}\n", epoch, done,
                       eer(scores).rocch)
        << std::flush;
  }

  write_scores(file("scores.txt"), test.score(left.encoder, right.encoder));
  write_scores(file("left.txt"), test.score(left.encoder, left.encoder));
  const auto [self, same, different, misplaced] = places(test, left.encoder, right.encoder);
  const std::size_t parameters = left.encoder.parameter_count() * (own ? 2U : 1U);
  write_file(file("places.txt"),
             fmt::format("parameters {}\nself {}\nsame {}\ndifferent {}\nmisplaced {}\n",
                         parameters, self, same, different, misplaced));
}

}  // namespace
}  // namespace twinear::claims

int main(int argc, char** argv) {
  twinear::claims::Arguments args;
  CLI::App app("Trains one tower for both clips of a comparison, or two");
  app.add_option("recipe", args.recipe, "as of twinear train; the loss is contrastive")->required();
  app.add_flag("--separate", args.separate, "a tower for the left clips and one for the right");
  app.add_option("--set", args.overrides, "TABLE.KEY=VALUE");
  app.add_option("--seed", args.seed);
  app.add_option("--threads", args.threads);
  app.add_option("--test", args.test, "manifest of the clips of the trials")->required();
  app.add_option("--trials", args.trials)->required();
  app.add_option("--out", args.out, "folder")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::claims::run(args);
  } catch (const twinear::Error& e) {
    fmt::print(stderr, "towers: {}\n", e.what());
    return 2;
  }
}
