// SPDX-License-Identifier: Apache-2.0
#include "twinear/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/threads.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "clips/npy.h"
#include "data/clip_lists.h"
#include "report/plot.h"
#include "train/recipe.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

namespace fs = std::filesystem;

/// Clips whose features are held in memory at once.
constexpr std::size_t clips_at_once = 64;

struct Arguments {
  std::vector<std::string> inputs, overrides;
  std::string out, plot, preset = "kaldi", recipe;
  std::uint64_t seed = 0;
  int channel = -1;
};

/// Where the features of each input go: OUT itself for one input, else a file in the folder OUT.
std::vector<std::string> output_paths(const Arguments& args) {
  std::error_code ignored;
  if (args.inputs.size() == 1 && !fs::is_directory(args.out, ignored)) return {args.out};
  std::vector<std::string> outputs;
  std::map<std::string, std::string> taken;  // output -> input
  for (const auto& input : args.inputs) {
    const fs::path name = fs::path(input).stem().concat(".npy");
    outputs.push_back((fs::path(args.out) / name).string());
    const auto [other, is_new] = taken.try_emplace(outputs.back(), input);
    if (!is_new)
      throw Error(Fault::config, input + ": its features would replace those of " + other->second +
                                     " in " + outputs.back());
  }
  return outputs;
}

void draw(const Arguments& args, const LogMel& log_mel, const Matrix& frames) {
  const std::string title = fs::path(args.inputs[0]).filename().string();
  write_plot(args.plot, plot(frames, log_mel.front_end(), title));
}

/// The picture alone, of one clip.
int draw_alone(const Arguments& args, const LogMel& log_mel, const Common& common,
               const Warn& say) {
  const Matrix frames =
      read_features(clip_of_file(args.inputs[0]), log_mel, args.channel, args.seed, say);
  draw(args, log_mel, frames);
  if (common.json)
    print_json({{"input", args.inputs[0]},
                {"plot", args.plot},
                {"frames", frames.rows()},
                {"bins", frames.cols()}});
  return 0;
}

int features(const Arguments& args, const Common& common) {
  const LogMel log_mel(read_front_end(args.recipe, args.overrides, args.preset));
  const auto say = [&](const std::string& line) { common.console.warn(line); };
  if (args.out.empty() && args.plot.empty())
    throw Error(Fault::config, "neither --out nor --plot is given: there is nothing to do");
  if (!args.plot.empty()) {
    check_plot_path(args.plot);
    check_output(args.plot);
    if (args.inputs.size() > 1) throw Error(Fault::config, "--plot draws one clip, not several");
    if (args.out.empty()) return draw_alone(args, log_mel, common, say);
  }
  const auto outputs = output_paths(args);
  std::optional<OutputFolder> folder;
  if (args.inputs.size() > 1) folder.emplace(args.out);
  check_output(outputs.front());

  const bool has_vad = log_mel.front_end().vad != Vad::none;
  const auto print = [&](std::size_t i, std::size_t frames, const Speech& speech) {
    if (has_vad && !speech.voiced.empty())
      common.console.say(Level::info,
                         fmt::format("twinear: {}: {:.2f} s of speech kept of {:.2f} s",
                                     args.inputs[i], speech.seconds, speech.total_seconds));
    if (!common.json) return;
    nlohmann::ordered_json line{{"input", args.inputs[i]},
                                {"output", outputs[i]},
                                {"frames", frames},
                                {"bins", log_mel.front_end().mel_bins}};
    if (has_vad && !speech.voiced.empty())
      line.update({{"speech_seconds", speech.seconds}, {"seconds", speech.total_seconds}});
    print_json(line);
  };
  if (args.inputs.size() == 1) {  // of any length
    Speech speech;
    const std::size_t frames = write_features(clip_of_file(args.inputs[0]), log_mel, outputs[0],
                                              args.channel, args.seed, say, &speech);
    print(0, frames, speech);
    if (!args.plot.empty()) draw(args, log_mel, read_npy(outputs[0]));
    return 0;
  }

  Progress progress(common.console, "clips", args.inputs.size());
  for (std::size_t begin = 0; begin < args.inputs.size(); begin += clips_at_once) {
    const std::size_t n = std::min(clips_at_once, args.inputs.size() - begin);
    std::vector<Matrix> frames(n);
    std::vector<std::string> warnings(n);
    std::vector<Speech> speech(n);
    parallel_for(n, [&](std::size_t i) {
      frames[i] = read_features(
          clip_of_file(args.inputs[begin + i]), log_mel, args.channel, args.seed,
          [&](const std::string& line) { warnings[i] = line; }, &speech[i]);
    });
    for (std::size_t i = 0; i < n; ++i) {
      if (!warnings[i].empty()) say(warnings[i]);
      write_npy(outputs[begin + i], frames[i]);
      print(begin + i, frames[i].rows(), speech[i]);
    }
    progress.at(begin + n);
  }
  return 0;
}

}  // namespace

void add_features(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("features", "Log-mel features of clips, as .npy");
  command.arguments("IN", args->inputs, "audio files");
  command.option("-o,--out", "OUT", args->out, "a file for one input, a folder for many");
  command.option("--plot", "FILE", args->plot,
                 "also, or only, a picture of one clip's features: .svg or .png");
  command.option("--front-end", "PRESET", args->preset,
                 "how sound becomes frames: kaldi, wespeaker, sherpa, speechbrain, librosa or "
                 "torchaudio");
  command.option("--recipe", "FILE", args->recipe, "or as the recipe's [front_end] says");
  command.exclusive("--recipe", "--front-end");
  command.overrides(args->overrides);
  command.channel(args->channel);
  command.seed(args->seed);
  command.run([args](const Common& common) { return features(*args, common); });
}

}  // namespace twinear::cli
