// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "report/report.h"
#include "train/recipe_keys.h"
#include "twinear/error.h"
#include "twinear/loss.h"
#include "twinear/miner.h"
#include "twinear/optimizer.h"
#include "twinear/trainer.h"

namespace twinear::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string recipe, out;
  std::vector<std::string> overrides;
  std::uint64_t seed = 0;
  bool resume = false;
};

/// A line of help with the kinds that a key chooses from.
template <class Kind>
std::string kinds(const char* key, const Registry<Kind>& family) {
  return fmt::format("{}: {}\n", key, fmt::join(family.names(), ", "));
}

std::string summary(const Arguments& args, const Recipe& recipe, const TrainResult& r) {
  if (r.stopped)
    return fmt::format("{}: stopped after {:.1f} s; --resume continues the run", args.out,
                       r.seconds);
  const std::string work =
      fmt::format("{} steps in {:.1f} s, {:.1f} % of their time waiting for data", r.steps,
                  r.seconds, 100.0 * r.data_wait);
  if (recipe.data.dev.empty())
    return fmt::format("{}: {}; there are no dev clips to judge the model by", args.out, work);
  std::vector<std::string> dev;
  if (std::isfinite(r.dev_eer)) dev.push_back(fmt::format("EER {:.2f} %", 100.0 * r.dev_eer));
  if (std::isfinite(r.dev_cosine))
    dev.push_back(fmt::format("mean cosine {:.4f} to the teacher", r.dev_cosine));
  if (dev.empty()) dev.emplace_back("best");
  return fmt::format("{}: {} on dev after epoch {}; {}{}", args.out, fmt::join(dev, " and "),
                     r.best_epoch, work,
                     r.patience_ended ? "; it stopped early, since dev did not improve" : "");
}

int run_training(const Arguments& args, const Common& common) {
  const auto warn = [&](const std::string& line) { common.console.warn(line); };
  const Recipe recipe = read_recipe(args.recipe, args.overrides, warn);
  if (recipe.data.train.empty())
    throw Error(Fault::config, args.recipe + ": [data] names no train manifest");
  const OutputFolder folder(args.out);
  const auto in_folder = [&](const char* name) { return (fs::path(args.out) / name).string(); };
  const std::string model = in_folder("model.safetensors");
  std::error_code ignored;
  if (!args.resume && fs::exists(model, ignored))
    warn(args.out + ": the training run in this folder is replaced");

  const Interrupt interrupt;
  std::optional<Progress> progress;
  std::string dev;  // the latest evaluation
  const auto show_step = [&](const StepReport& r) {
    if (!progress) progress.emplace(common.console, "steps", r.steps);
    progress->at(r.step,
                 fmt::format("{:.0f} clips/s, loss {:.4f}{}", r.clips_per_second, r.loss, dev));
    common.console.say(
        Level::debug, fmt::format("step {}: loss {:.4f}, gradient {:.3g}, active {:.2f}, "
                                  "distances {:.3f} {:.3f}, spread {:.3f}, waiting {:.0f} %",
                                  r.step, r.loss, r.gradient_norm, r.active, r.positive, r.negative,
                                  r.spread, 100.0 * r.data_wait));
  };
  const auto show_epoch = [&](const EpochReport& r) {
    dev = "";
    if (std::isfinite(r.dev_eer)) dev += fmt::format(", dev EER {:.2f} %", 100.0 * r.dev_eer);
    if (std::isfinite(r.dev_cosine))
      dev += fmt::format(", dev cosine to the teacher {:.4f}", r.dev_cosine);
    else if (std::isfinite(r.dev_table))
      dev += fmt::format(", dev cosines differ from the teacher's by {:.4f}", r.dev_table);
    common.console.say(Level::debug, fmt::format("epoch {}{}", r.epoch, dev));
  };
  const TrainResult result =
      train(recipe, {.out = args.out,
                     .seed = args.seed,
                     .resume = args.resume,
                     .on_warning = warn,
                     .on_step = show_step,
                     .on_epoch = show_epoch,
                     .should_stop = [&] { return interrupt.signal() != 0; }});
  progress.reset();  // ends its line
  write_report(in_folder("report.html"), {.title = "Training of " + args.recipe,
                                          .training_log = in_folder("log.jsonl"),
                                          .systems = {},
                                          .threshold = {}});
  nlohmann::ordered_json json{{"model", model},
                              {"steps", result.steps},
                              {"best_epoch", result.best_epoch},
                              {"dev_eer", result.dev_eer},
                              {"seconds", result.seconds},
                              {"data_wait", result.data_wait},
                              {"stopped", result.stopped},
                              {"patience_ended", result.patience_ended}};
  if (std::isfinite(result.dev_cosine)) json["dev_cosine"] = result.dev_cosine;
  print_result(common, json, summary(args, recipe, result));
  return result.stopped ? 128 + interrupt.signal() : 0;
}

}  // namespace

void add_train(Program& program) {
  auto [command, args] = program.add("train", "Trains an encoder by a recipe", run_training);
  command.argument("RECIPE", args.recipe, "is a recipe in TOML");
  command.option("-o,--out", "DIR", args.out,
                 "writes model.safetensors (best on dev), last.safetensors, log.jsonl and "
                 "report.html to this folder",
                 Need::required);
  command.flag("--resume", args.resume,
               "continues from DIR/last.safetensors, to the same bytes as an unbroken run");
  command.overrides(args.overrides);
  command.seed(args.seed);
  command.footer(kinds("loss.kind", losses()) + kinds("mining.kind of triplet", triplet_miners()) +
                 kinds("mining.kind of contrastive", pair_miners()) +
                 kinds("optimizer.schedule", schedules()) +
                 "`twinear recipe-keys` explains these and all other keys of a recipe.\n\n"
                 "Ctrl-C or SIGTERM saves last.safetensors and exits with 130 or 143, so that\n"
                 "--resume can continue; a second one ends the program at once.");
}

void add_recipe_keys(Program& program) {
  program.add("recipe-keys", "Explains every key of a recipe, as Markdown", [](const Common&) {
    fmt::print("{}", recipe_keys());
    return 0;
  });
}

}  // namespace twinear::cli
