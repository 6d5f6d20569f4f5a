// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/few_shot.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, manifest, base, classifier = "centroid", save, from;
  EpisodeOptions episodes;
  bool shuffle = false;
  int channel = -1;
};

std::vector<Episode> episodes_of(const Arguments& args, const Manifest& manifest) {
  if (!args.from.empty()) return read_episodes(args.from, manifest);
  return within(args.manifest, [&] { return draw_episodes(manifest, args.episodes); });
}

int fewshot(const Arguments& args, const Common& common) {
  if (!args.save.empty()) check_output(args.save);
  const Manifest manifest = read_manifest(args.manifest);
  auto episodes = episodes_of(args, manifest);
  if (!args.save.empty()) write_episodes(args.save, episodes, manifest);
  if (args.shuffle) episodes = shuffle_labels(episodes, args.episodes.seed);
  const Verifier verifier = Verifier::load(find_model(args.model));
  const EmbedOptions every{.channel = args.channel, .gate = {.voice = false}};
  Matrix embeddings = verifier.embed(manifest.clips, every);
  if (!args.base.empty()) {
    const Matrix base = verifier.embed(read_manifest(args.base).clips, every);
    within(args.base, [&] { return fit_standardization(base); }).apply(embeddings);
  }
  const auto classifier =
      args.classifier == "centroid" ? Classifier::centroid : Classifier::neighbor;
  const auto [mean, half] = few_shot_accuracy(few_shot_accuracies(embeddings, episodes, classifier),
                                              episodes.front().query.size());

  const std::size_t way = episodes.front().classes.size();
  const std::size_t shot = episodes.front().support.size() / way;
  const std::size_t query = episodes.front().query.size() / way;
  const double chance = 1.0 / static_cast<double>(way);
  print_result(
      common,
      {{"way", way},
       {"shot", shot},
       {"query", query},
       {"episodes", episodes.size()},
       {"classifier", args.classifier},
       {"standardized", !args.base.empty()},
       {"shuffled", args.shuffle},
       {"accuracy", mean},
       {"half_interval", half},
       {"accuracy_interval", {mean - half, mean + half}},
       {"chance", chance},
       {"model_id", verifier.model().id}},
      fmt::format("{}-way {}-shot: {:.2f} % +- {:.2f} (95 % over {} episodes of {} queries a "
                  "class); chance {:.2f} %",
                  way, shot, 100 * mean, 100 * half, episodes.size(), query, 100 * chance));
  return 0;
}

}  // namespace

void add_fewshot(Program& program) {
  auto [command, args] =
      program.add("fewshot", "Measures few-shot classification of unseen classes", fewshot);
  command.model(args.model, Need::required);
  command.option("--manifest", "CSV", args.manifest,
                 "lists clips of classes that training did not have", Need::required);
  command.option("--way", "N", args.episodes.way, 2, 10000, "draws so many classes an episode");
  command.option("--shot", "K", args.episodes.shot, 1, 10000, "shows so many clips of each class");
  command.option("--query", "Q", args.episodes.query, 1, 10000,
                 "classifies so many clips of each class");
  command.option("--episodes", "E", args.episodes.episodes, 1, 10000000, "draws so many episodes");
  command.choice("--classifier", {"centroid", "neighbor"}, args.classifier,
                 "compares a query with the mean of each class, or with every clip that is shown");
  command.option("--base", "CSV", args.base,
                 "lists clips of training classes, by which embeddings are standardized first");
  command.option("--save-episodes", "JSONL", args.save,
                 "writes the episodes, so that they can be repeated");
  command.option("--episodes-file", "JSONL", args.from,
                 "repeats these episodes instead of drawing new ones");
  command.flag("--shuffle-labels", args.shuffle,
               "deals out the clips of each episode anew, which must give chance");
  command.seed(args.episodes.seed);
  command.channel(args.channel);
}

}  // namespace twinear::cli
