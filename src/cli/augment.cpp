// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "augment/augmenter.h"
#include "base/files.h"
#include "base/threads.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "data/csv.h"
#include "twinear/audio.h"
#include "twinear/trainer.h"

namespace twinear::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string recipe, manifest, out;
  std::vector<std::string> overrides;
  std::uint64_t seed = 0;
  int epoch = 0;
};

/// The name of each clip in the folder of the results: its own, with another extension.
std::vector<std::string> output_names(const std::vector<Clip>& clips) {
  std::vector<std::string> inputs, outputs;
  for (const Clip& clip : clips) {
    fs::path name = fs::path(clip.name).lexically_normal().replace_extension(".flac");
    if (name.is_absolute() || *name.begin() == "..") name = name.filename();
    inputs.push_back(clip.name);
    outputs.push_back(name.string());
  }
  check_distinct(inputs, outputs);
  return outputs;
}

int augment(const Arguments& args, const Common& common) {
  Recipe recipe = read_recipe(args.recipe, args.overrides,
                              [&](const std::string& line) { common.console.warn(line); });
  AugmentOptions& options = recipe.augment;
  options.speed_labels = false;  // it makes new labels and does not change the sound
  const int sample_rate = recipe.front_end.sample_rate;
  const std::vector<Clip> clips = read_manifest(args.manifest).clips;
  const std::vector<std::string> names = output_names(clips);
  const AugmentSources sources = read_augment_sources(options);
  const OutputFolder folder(args.out);
  const auto in_folder = [&](const std::string& name) {
    return (fs::path(args.out) / name).string();
  };
  for (const auto& name : names) fs::create_directories(fs::path(in_folder(name)).parent_path());

  Augmenter augmenter(options, clips, sources, sample_rate, args.seed, std::size_t{1} << 28);
  in_batches(common.console, clips.size(), 64, [&](std::size_t begin, std::size_t count) {
    parallel_for(count, [&](std::size_t i) {
      write_audio(in_folder(names[begin + i]),
                  {sample_rate, augmenter(begin + i, static_cast<std::uint32_t>(args.epoch))});
    });
  });
  std::string manifest = "path,label\n";
  for (std::size_t i = 0; i < clips.size(); ++i)
    manifest += csv_field(names[i]) + ',' + csv_field(clips[i].label) + '\n';
  write_file(in_folder("manifest.csv"), manifest);
  print_result(common, {{"output", args.out}, {"clips", clips.size()}});
  return 0;
}

}  // namespace

void add_augment(Program& program) {
  auto [command, args] =
      program.add("augment", "Writes clips as a recipe augments them for training", augment);
  command.argument("RECIPE", args.recipe, "is a recipe in TOML; its table [augment] is applied");
  command.option("--manifest", "CSV", args.manifest, "lists the clips", Need::required);
  command.option("-o,--out", "DIR", args.out,
                 "writes the clips to this folder as 16-bit FLAC, and a manifest.csv of them",
                 Need::required);
  command.option("--epoch", "N", args.epoch, 0, 1'000'000,
                 "chooses the epoch; each epoch augments a clip differently");
  command.overrides(args.overrides);
  command.seed(args.seed);
}

}  // namespace twinear::cli
