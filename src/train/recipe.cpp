// SPDX-License-Identifier: Apache-2.0
#include "train/recipe.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "augment/augmenter.h"
#include "base/files.h"
#include "base/within.h"
#include "features/front_end.h"
#include "train/objective.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

/// The parts of one struct that a recipe tells in two tables.
struct LossTable {
  Objective& objective;
};
struct MiningTable {
  Objective& objective;
};
struct DataTable {
  DataOptions& data;
};
struct EvalTable {
  DataOptions& data;
};

/// Only what this kind of loss has.
void fields(Fields& f, LossTable& table) {
  Objective& o = table.objective;
  f.one_of("kind", o.kind,
           {"triplet", "contrastive", "angular-prototypical", "prototypical", "ge2e", "aam-softmax",
            "supcon"});
  if (o.kind == "triplet" || o.kind == "contrastive") f.number("margin", o.margin, 0.001, 4.0);
  if (has_margin(o)) {
    f.number("margin_start", o.ramp.start, 0.0, 4.0);
    f.whole("margin_from", o.ramp.from, 0, 1'000'000);
    f.whole("margin_until", o.ramp.until, 0, 1'000'000);
  }
  if (o.kind == "triplet") {
    f.choice("form", o.form, {"hinge", "soft"});
    f.choice("mean", o.mean, {"all", "nonzero"});
    f.choice("distance", o.distance, {"euclidean", "squared", "cosine"});
  }
  if (o.kind == "angular-prototypical" || o.kind == "ge2e") {
    f.number("scale", o.logit.scale, 0.01, 1000.0);
    f.number("offset", o.logit.offset, -1000.0, 1000.0);
  }
  if (o.kind == "prototypical") {
    f.whole("shots", o.prototypical.shots, 1, 65535);
    f.number("scale", o.prototypical.scale, 0.01, 1000.0);
  }
  if (o.kind == "aam-softmax") {
    f.number("margin", o.aam.margin, 0.0, 1.5);
    f.number("scale", o.aam.scale, 0.01, 1000.0);
    f.whole("sub_centers", o.aam.sub_centers, 1, 64);
  }
  if (o.kind == "supcon") f.number("temperature", o.temperature, 0.001, 100.0);
}

void fields(Fields& f, MiningTable& table) {
  Objective& o = table.objective;
  if (o.kind == "contrastive")
    f.choice("kind", o.pairs, {"all", "balanced", "hard"});
  else if (o.kind == "triplet")
    f.choice("kind", o.triplets,
             {"batch-all", "batch-hard", "semi-hard", "distance-weighted", "random"});
  else
    return;  // the other losses compare all rows of a batch
  f.whole("memory", o.memory, 0, 1 << 20);
}

void fields(Fields& f, DataTable& table) {
  f.texts("train", table.data.train);
  f.text("dev", table.data.dev);
  f.numbers("weights", table.data.weights, 1, 1'000'000);
  f.text("source", table.data.source);
}

void fields(Fields& f, EvalTable& table) {
  f.whole("dev_trials", table.data.dev_trials, 1, 1'000'000'000);
}

/// Calls visit(name, table) for every table but [front_end]; [loss] comes before [mining], whose
/// keys it decides.
template <class Visit>
void each_table(Recipe& recipe, const Visit& visit) {
  LossTable loss{recipe.objective};
  MiningTable mining{recipe.objective};
  DataTable data{recipe.data};
  EvalTable eval{recipe.data};
  visit("encoder", recipe.encoder);
  visit("loss", loss);
  visit("mining", mining);
  visit("sampler", recipe.sampler);
  visit("augment", recipe.augment);
  visit("optimizer", recipe.optimizer);
  visit("train", recipe.train);
  visit("data", data);
  visit("eval", eval);
}

FrontEnd read_front_end(Settings& settings, const std::string& place, const std::string& preset) {
  const std::string from = settings.peek("front_end", "preset", preset);
  FrontEnd front_end = within(place, [&] { return front_end_preset(from); });
  settings.read("front_end", front_end);
  return within(place, [&] { return checked(front_end); });
}

/// Every path that is not empty.
std::vector<std::string*> paths_of(Recipe& recipe) {
  std::vector<std::string*> paths{&recipe.data.dev, &recipe.augment.noises,
                                  &recipe.augment.responses, &recipe.train.feature_cache,
                                  &recipe.train.init};
  for (auto& manifest : recipe.data.train) paths.push_back(&manifest);
  std::erase_if(paths, [](const std::string* path) { return path->empty(); });
  return paths;
}

bool of_objective(std::string_view table) { return table == "loss" || table == "mining"; }

/// What must hold between the values of different keys.
void check(const Recipe& recipe, const std::string& path) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(Fault::config, path + ": " + reason);
  };
  const EncoderOptions& encoder = recipe.encoder;
  if (encoder.channels.empty() ||
      (encoder.kind != "resnet" && encoder.channels.size() != encoder.strides.size()))
    refuse(fmt::format("[encoder] has {} channels and {} strides; each convolution needs both",
                       encoder.channels.size(), encoder.strides.size()));
  if (recipe.train.crop_seconds * 1000.0 < recipe.front_end.window_ms)
    refuse(fmt::format("[train] crop_seconds = {} is shorter than one window of {} ms",
                       recipe.train.crop_seconds, recipe.front_end.window_ms));
  const OptimizerOptions& optimizer = recipe.optimizer;
  if (optimizer.schedule == "exponential" && optimizer.final_learning_rate <= 0)
    refuse("[optimizer] schedule = \"exponential\" needs a final_learning_rate above 0");
  const MarginRamp& ramp = recipe.objective.ramp;
  if (ramp.until != 0 && ramp.from >= ramp.until)
    refuse(fmt::format("[loss] margin_from = {} is not before margin_until = {}", ramp.from,
                       ramp.until));
  const TrainOptions& train = recipe.train;
  if (train.init.empty() && !train.reinit.empty())
    refuse("[train] reinit names layers of a model, but init names no model");
  if (recipe.data.dev.empty() && (train.patience > 0 || optimizer.plateau > 0))
    refuse(fmt::format("{} waits for a better EER on dev, but [data] names no dev",
                       train.patience > 0 ? "train.patience" : "optimizer.plateau"));
  const DataOptions& data = recipe.data;
  if (!data.weights.empty() && data.weights.size() != data.train.size())
    refuse(fmt::format("[data] has {} weights for {} train manifests", data.weights.size(),
                       data.train.size()));
  within(path, [&] { check_batches(recipe.objective, recipe.sampler); });
  within(path, [&] { check_augment(recipe.augment); });
  within(path, [&] { check_source(data.source); });
}

/// Whether an override may be a path.
bool is_path(std::string_view assignment) {
  const std::string_view key = assignment.substr(0, assignment.find('='));
  return key.starts_with("data.") || key == "augment.noises" || key == "augment.responses" ||
         key == "train.feature_cache" || key == "train.init";
}

}  // namespace

/// No kind has a use for all of them, but `--set encoder.kind=statistics` must do.
void fields(Fields& f, EncoderOptions& o) {
  f.one_of("kind", o.kind, {"compact", "xvector", "ecapa", "resnet", "statistics"});
  f.whole("embedding", o.embedding, 1, 65536);
  f.numbers("channels", o.channels, 1, 65536);
  f.numbers("strides", o.strides, 1, 1023);
  f.flag("input_norm", o.input_norm);
  f.flag("pooled_norm", o.pooled_norm);
  f.whole("width", o.width, 1, 65536);
  f.whole("pooled", o.pooled, 1, 65536);
  f.whole("aggregated", o.aggregated, 1, 65536);
  f.whole("attention", o.attention, 1, 65536);
  f.whole("squeeze", o.squeeze, 1, 65536);
  f.whole("scale", o.scale, 2, 64);
  f.whole("blocks", o.blocks, 1, 64);
}

void fields(Fields& f, SamplerOptions& o) {
  f.choice("kind", o.draw, {"label-balanced", "clip-proportional"});
  f.whole("labels", o.labels, 2, 65536);
  f.whole("clips", o.clips, 2, 65536);
  f.number("hard", o.hard, 0.0, 0.9);
}

void fields(Fields& f, OptimizerOptions& o) {
  f.one_of("kind", o.kind, {"adamw", "adam"});
  f.number("learning_rate", o.learning_rate, 0.0, 10.0);
  f.number("weight_decay", o.weight_decay, 0.0, 10.0);
  f.number("beta1", o.beta1, 0.0, 0.999999);
  f.number("beta2", o.beta2, 0.0, 0.999999);
  f.number("epsilon", o.epsilon, 1e-16, 1.0);
  f.whole("warmup_steps", o.warmup_steps, 0, 10'000'000);
  f.one_of("schedule", o.schedule,
           {"cosine", "linear", "exponential", "constant", "step", "one-cycle", "triangular",
            "triangular2"});
  f.number("final_learning_rate", o.final_learning_rate, 0.0, 10.0);
  f.number("decay", o.decay, 0.0, 1.0);
  f.whole("decay_epochs", o.decay_epochs, 1, 1'000'000);
  f.whole("cycle_steps", o.cycle_steps, 2, 10'000'000);
  f.whole("plateau", o.plateau, 0, 1'000'000);
  f.number("clip_norm", o.clip_norm, 0.0, 1e9);
}

void fields(Fields& f, TrainOptions& o) {
  f.whole("epochs", o.epochs, 1, 1'000'000);
  f.whole("accumulate", o.accumulate, 1, 65536);
  f.number("average", o.average, 0.0, 0.9999999);
  f.whole("patience", o.patience, 0, 1'000'000);
  f.text("init", o.init);
  f.texts("reinit", o.reinit);
  f.texts("freeze", o.freeze);
  f.whole("freeze_epochs", o.freeze_epochs, 0, 1'000'000);
  f.number("crop_seconds", o.crop_seconds, 0.1, 600.0);
  f.whole("eval_every", o.eval_every, 1, 1'000'000);
  f.whole("log_every", o.log_every, 1, 10'000'000);
  f.whole("checkpoint_every", o.checkpoint_every, 1, 10'000'000);
  f.whole("prefetch", o.prefetch, 1, 1024);
  f.whole("cache_mb", o.cache_mb, 0, 1 << 24);
  f.text("feature_cache", o.feature_cache);
  f.flag("stop_on_collapse", o.stop_on_collapse);
  f.choice("precision", o.precision, {"fp32", "bf16"});
}

FrontEnd read_front_end(const std::string& recipe, const std::vector<std::string>& overrides,
                        const std::string& preset) {
  if (!recipe.empty()) return read_recipe(recipe, overrides).front_end;
  Settings settings("--set");
  for (const auto& assignment : overrides) settings.override(assignment);
  FrontEnd front_end = read_front_end(settings, "--front-end", preset);
  settings.refuse_other_tables();
  return front_end;
}

Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides,
                   const std::function<void(const std::string&)>& warn) {
  Settings file = Settings::from_toml(path), command("--set");
  for (const auto& assignment : overrides)
    (is_path(assignment) ? command : file).override(assignment);

  Recipe recipe;
  recipe.front_end = read_front_end(file, path, recipe.front_end.preset);
  each_table(recipe, [&](const char* name, auto& table) {
    try {
      file.read(name, table);
    } catch (const Error& e) {
      if (recipe.objective.kind == "triplet" || !of_objective(name)) throw;
      throw Error(e.fault(), fmt::format("{} (the loss is {})", e.what(), recipe.objective.kind));
    }
  });
  file.refuse_other_tables();

  // A path in the recipe starts from the recipe; one in an override from where the shell is.
  for (std::string* one : paths_of(recipe)) *one = beside(path, *one);
  DataTable data{recipe.data};
  command.read("data", data);
  command.read("augment", recipe.augment);
  command.read("train", recipe.train);

  check(recipe, path);
  if (warn)
    for (const Settings* settings : {&file, &command})
      for (const auto& line : settings->old_spellings()) warn(line);
  return recipe;
}

std::string recipe_json(const Recipe& recipe) {
  Recipe copy = recipe;
  std::string text = fmt::format(R"({{"front_end":{})", to_json(copy.front_end));
  each_table(copy, [&](const char* name, auto& table) {
    text += fmt::format(R"(,"{}":{})", name, to_json(table));
  });
  return text + "}";
}

Recipe without_folders(Recipe recipe) {
  for (std::string* one : paths_of(recipe)) {
    const std::filesystem::path path(*one);
    *one = (path.parent_path().filename() / path.filename()).string();
  }
  return recipe;
}

}  // namespace twinear
