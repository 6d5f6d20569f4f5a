// SPDX-License-Identifier: Apache-2.0
#include "train/recipe.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "augment/augmenter.h"
#include "base/files.h"
#include "base/within.h"
#include "features/front_end.h"
#include "metric/loss_keys.h"
#include "nn/encoder_spec.h"
#include "train/loss_state.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

/// [loss], which makes the loss of its kind, with the options that it has so far.
struct LossTable {
  LossOptions& options;
  std::unique_ptr<Loss>& loss;
};

void fields(Fields& f, LossTable& table) {
  f.one_of({"kind", "", "what is minimized"}, table.options.kind, losses().names());
  table.loss = make_loss(table.options);
  table.loss->keys(f);
}

/// Calls visit(name, table) for every table but [front_end].
template <class Visit>
void each_table(Recipe& recipe, const Visit& visit) {
  std::unique_ptr<Loss> loss;
  LossTable table{recipe.loss, loss};
  visit("encoder", recipe.encoder);
  visit("loss", table);
  MiningKeys mining{*loss};
  visit("mining", mining);
  visit("teacher", recipe.teacher);
  visit("sampler", recipe.sampler);
  visit("augment", recipe.augment);
  visit("optimizer", recipe.optimizer);
  visit("train", recipe.train);
  visit("data", recipe.data);
  visit("eval", recipe.eval);
  LossKeys keys{*loss};
  recipe.loss.keys = values_of(keys);
  recipe.loss.mining = values_of(mining);
}

FrontEnd read_front_end(Settings& settings, const std::string& place, const std::string& preset) {
  const std::string from = settings.peek("front_end", "preset", preset);
  FrontEnd front_end = within(place, [&] { return front_end_preset(from); });
  settings.read("front_end", front_end);
  return within(place, [&] { return checked(front_end); });
}

/// Leaves no more of each path than its last folder and file.
class PathShortener final : public Fields {
 public:
  void path(const Key&, std::string& value) override {
    if (value.empty()) return;
    const std::filesystem::path path(value);
    value = (path.parent_path().filename() / path.filename()).string();
  }
  void paths(const Key& key, std::vector<std::string>& values) override {
    for (std::string& value : values) path(key, value);
  }
};

/// What must hold between the values of different keys.
void check(const Recipe& recipe, const std::string& path) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(Fault::config, path + ": " + reason);
  };
  within(path, [&] { encoder_spec(recipe.encoder, recipe.front_end.mel_bins); });
  if (recipe.train.crop_seconds * 1000.0 < recipe.front_end.window_ms)
    refuse(fmt::format("[train] crop_seconds = {} is shorter than one window of {} ms",
                       recipe.train.crop_seconds, recipe.front_end.window_ms));
  const OptimizerOptions& optimizer = recipe.optimizer;
  if (schedules().find(optimizer.schedule).needs_final_rate && optimizer.final_learning_rate <= 0)
    refuse(fmt::format("[optimizer] schedule = \"{}\" needs a final_learning_rate above 0",
                       optimizer.schedule));
  const auto loss = make_loss(recipe.loss);
  for (const Margin* margin : loss->margins())
    if (margin->until != 0 && margin->from >= margin->until)
      refuse(fmt::format("[loss] margin_from = {} is not before margin_until = {}", margin->from,
                         margin->until));
  const TrainOptions& train = recipe.train;
  if (train.init.empty() && !train.reinit.empty())
    refuse("[train] reinit names layers of a model, but init names no model");
  if (train.init.empty() && train.narrow)
    refuse("[train] narrow asks for a model, but init names none");
  if (recipe.data.dev.empty() && (train.patience > 0 || optimizer.plateau > 0))
    refuse(fmt::format("{} waits for a better EER on dev, but [data] names no dev",
                       train.patience > 0 ? "train.patience" : "optimizer.plateau"));
  const DataOptions& data = recipe.data;
  if (!data.weights.empty() && data.weights.size() != data.train.size())
    refuse(fmt::format("[data] has {} weights for {} train manifests", data.weights.size(),
                       data.train.size()));
  within(path, [&] { check_batches(recipe.loss.kind, *loss, recipe.sampler); });
  within(path, [&] { check_teacher(recipe.loss.kind, *loss, recipe.teacher); });
  within(path, [&] { check_augment(recipe.augment); });
  within(path, [&] { check_source(data.source); });
}

/// A path that leads nowhere and ends in a word without a dot is the name of a model.
void take_name(std::string& model) {
  const std::filesystem::path path(model);
  std::error_code missing;
  if (!std::filesystem::exists(path, missing) && !path.has_extension())
    model = path.filename().string();
}

}  // namespace

void fields(Fields& f, TeacherOptions& o) {
  f.path({"model", "", "a model, by its file or by the name that --model takes"}, o.model);
  f.choice({"hears", "",
            "what it is given: the clip as it is, but at the speed that the encoder hears, or the "
            "augmented crop that the encoder hears"},
           o.hears, {"clip", "crop"});
  f.number({"max_seconds", "s", "the most that it hears of a clip, from the beginning"},
           o.max_seconds, 0.1, 3600.0);
  f.choice({"precision", "", "numbers of its pass; a CPU without AVX512_BF16 takes fp32"},
           o.precision, {"fp32", "bf16"});
}

void fields(Fields& f, SamplerOptions& o) {
  f.choice({"kind", "", "how often a label is drawn: each alike, or by its number of clips"},
           o.draw, {"label-balanced", "clip-proportional"});
  f.whole({"labels", "labels", "labels in a batch (P)"}, o.labels, 2, 65536);
  f.whole({"clips", "clips", "clips of each label in a batch (K)"}, o.clips, 1, 65536);
  f.number({"hard", "",
            "share of the labels of a batch that are drawn because they are near to others in it"},
           o.hard, 0.0, 0.9);
}

void fields(Fields& f, OptimizerOptions& o) {
  f.one_of({"kind", "", "Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019)"}, o.kind,
           {"adamw", "adam"});
  f.number({"learning_rate", "", "highest learning rate"}, o.learning_rate, 0.0, 10.0);
  f.number({"weight_decay", "",
            "weight decay; adamw takes it off the weights, adam adds it to the gradient"},
           o.weight_decay, 0.0, 10.0);
  f.number({"beta1", "", "decay of the mean of the gradient"}, o.beta1, 0.0, 0.999999);
  f.number({"beta2", "", "decay of the mean of the squared gradient"}, o.beta2, 0.0, 0.999999);
  f.number({"epsilon", "", "term in the divisor of the step"}, o.epsilon, 1e-16, 1.0);
  f.whole({"warmup_steps", "steps", "steps over which the rate rises in a line from 0"},
          o.warmup_steps, 0, 10'000'000);
  f.one_of({"schedule", "", "the way in which the rate changes after the warm-up"}, o.schedule,
           schedules().names());
  f.number({"final_learning_rate", "", "learning rate at the end"}, o.final_learning_rate, 0.0,
           10.0);
  f.number({"decay", "", "factor of the rate in \"step\" and at a plateau"}, o.decay, 0.0, 1.0);
  f.whole({"decay_epochs", "epochs", "\"step\": how often the rate is lowered"}, o.decay_epochs, 1,
          1'000'000);
  f.whole({"cycle_steps", "steps", "\"triangular\", \"triangular2\": length of a cycle"},
          o.cycle_steps, 2, 10'000'000);
  f.whole({"plateau", "evaluations",
           "evaluations without a better one after which the rate is lowered; 0: never"},
          o.plateau, 0, 1'000'000);
  f.number({"clip_norm", "", "maximum of the norm of the gradient; 0: none"}, o.clip_norm, 0.0,
           1e9);
}

void fields(Fields& f, TrainOptions& o) {
  f.whole({"epochs", "epochs",
           "length of the run; an epoch has clips / (P K accumulate) steps, at least one"},
          o.epochs, 1, 1'000'000);
  f.whole({"accumulate", "batches", "batches whose mean gradient makes a step"}, o.accumulate, 1,
          65536);
  f.number({"average", "",
            "decay of a running mean of the weights, which is evaluated and saved; 0: none"},
           o.average, 0.0, 0.9999999);
  f.whole(
      {"patience", "evaluations", "evaluations without a better one that end the run; 0: none do"},
      o.patience, 0, 1'000'000);
  f.path({"init", "", "model, or its name, that weights and statistics are taken from"}, o.init);
  f.flag({"narrow", "",
          "that model may have more layers and channels: those are kept that are read most"},
         o.narrow);
  f.texts({"reinit", "", "layers of that model that begin anew; * stands for any text"}, o.reinit);
  f.texts({"freeze", "", "layers that do not learn; * stands for any text"}, o.freeze);
  f.whole({"freeze_epochs", "epochs", "time for which they do not learn; 0: the whole run"},
          o.freeze_epochs, 0, 1'000'000);
  f.number({"crop_seconds", "s", "length of the part of each clip that is used, at a random place"},
           o.crop_seconds, 0.1, 600.0);
  f.whole({"eval_every", "epochs", "time between evaluations on dev"}, o.eval_every, 1, 1'000'000);
  f.whole({"log_every", "steps", "steps between lines of log.jsonl"}, o.log_every, 1, 10'000'000);
  f.whole({"checkpoint_every", "steps", "steps between checkpoints"}, o.checkpoint_every, 1,
          10'000'000);
  f.whole({"prefetch", "batches", "batches that are made ahead, at most"}, o.prefetch, 1, 1024);
  f.whole({"cache_mb", "MiB", "memory for features, or for sound that is to be augmented"},
          o.cache_mb, 0, 1 << 24);
  f.path({"feature_cache", "",
          "folder of features, and of a teacher's embeddings, that are kept from run to run"},
         o.feature_cache);
  f.flag({"stop_on_collapse", "", "ends a run whose embeddings have become one point"},
         o.stop_on_collapse);
  f.choice(
      {"precision", "", "numbers of the training; a CPU without AVX512_BF16 warns and takes fp32"},
      o.precision, {"fp32", "bf16"});
}

void fields(Fields& f, DataOptions& o) {
  f.paths({"train", "", "manifests to train with"}, o.train);
  f.path({"dev", "", "manifest of speakers or sounds that are not in train"}, o.dev);
  f.numbers({"weights", "", "for each manifest: how often its labels are drawn; none: all alike"},
            o.weights, 1, 1'000'000);
  f.text({"source", "", "what a label is, for people"}, o.source);
}

void fields(Fields& f, EvalOptions& o) {
  f.whole({"dev_trials", "trials", "maximum of target and of nontarget trials between dev clips"},
          o.dev_trials, 1, 1'000'000'000);
}

FrontEnd read_front_end(const std::string& recipe, const std::vector<std::string>& overrides,
                        const std::string& preset) {
  if (!recipe.empty()) return read_recipe(recipe, overrides).front_end;
  Settings settings;
  for (const auto& assignment : overrides) settings.override(assignment);
  FrontEnd front_end = read_front_end(settings, "--front-end", preset);
  settings.refuse_other_tables();
  return front_end;
}

Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides,
                   const std::function<void(const std::string&)>& warn) {
  Settings file = Settings::from_toml(path);
  for (const auto& assignment : overrides) file.override(assignment);

  Recipe recipe;
  recipe.front_end = read_front_end(file, path, recipe.front_end.preset);
  each_table(recipe, [&](const std::string& name, auto& table) {
    try {
      file.read(name, table);
    } catch (const Error& e) {
      const bool of_loss = name == "loss" || name == "mining";
      if (!of_loss || recipe.loss.kind == LossOptions().kind) throw;
      throw Error(e.fault(), fmt::format("{} (the loss is {})", e.what(), recipe.loss.kind));
    }
  });
  file.refuse_other_tables();
  take_name(recipe.teacher.model);
  take_name(recipe.train.init);
  check(recipe, path);
  if (warn)
    for (const auto& line : file.old_spellings()) warn(line);
  return recipe;
}

std::string recipe_json(const Recipe& recipe) {
  Recipe copy = recipe;
  std::string text = fmt::format(R"({{"front_end":{})", to_json(copy.front_end));
  each_table(copy, [&](const std::string_view name, auto& table) {
    if (name == "teacher" && recipe.teacher.model.empty()) return;
    text += fmt::format(R"(,"{}":{})", name, to_json(table));
  });
  return text + "}";
}

Recipe without_folders(Recipe recipe) {
  PathShortener shorten;
  each_table(recipe, [&](const char*, auto& table) { fields(shorten, table); });
  return recipe;
}

}  // namespace twinear
