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
  write_picture(args.plot, plot(frames, log_mel.front_end(), title));
}

ClipOptions options_of(const Arguments& args) {
  return {.channel = args.channel, .seed = args.seed, .quality = true};
}

void warn(const Common& common, const std::string& input, const ClipReport& found) {
  if (found.issue) common.console.warn(input + ": " + found.issue->text);
}

/// The picture alone, of one clip.
int draw_alone(const Arguments& args, const LogMel& log_mel, const Common& common) {
  const auto found = clip_features(clip_of_file(args.inputs[0]), log_mel, options_of(args));
  warn(common, args.inputs[0], found);
  const Matrix& frames = found.frames;
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
  if (args.out.empty() && args.plot.empty())
    throw Error(Fault::config, "neither --out nor --plot is given: there is nothing to do");
  if (!args.plot.empty()) {
    check_picture_path(args.plot);
    check_output(args.plot);
    if (args.inputs.size() > 1) throw Error(Fault::config, "--plot draws one clip, not several");
    if (args.out.empty()) return draw_alone(args, log_mel, common);
  }
  const auto outputs = output_paths(args);
  std::optional<OutputFolder> folder;
  if (args.inputs.size() > 1) folder.emplace(args.out);
  check_output(outputs.front());

  const bool has_vad = log_mel.front_end().vad != Vad::none;
  const auto print = [&](std::size_t i, std::size_t frames, const ClipReport& found) {
    const Speech& speech = found.speech;
    warn(common, args.inputs[i], found);
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
    const auto written =
        write_features(clip_of_file(args.inputs[0]), log_mel, outputs[0], options_of(args));
    print(0, written.frames, written);
    if (!args.plot.empty()) draw(args, log_mel, read_npy(outputs[0]));
    return 0;
  }

  Progress progress(common.console, "clips", args.inputs.size());
  for (std::size_t begin = 0; begin < args.inputs.size(); begin += clips_at_once) {
    const std::size_t n = std::min(clips_at_once, args.inputs.size() - begin);
    std::vector<ClipFeatures> found(n);
    parallel_for(n, [&](std::size_t i) {
      found[i] = clip_features(clip_of_file(args.inputs[begin + i]), log_mel, options_of(args));
    });
    for (std::size_t i = 0; i < n; ++i) {
      write_npy(outputs[begin + i], found[i].frames);
      print(begin + i, found[i].frames.rows(), found[i]);
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
                 "a spectrogram of one clip, as .pdf, .svg or .png; --out may then be left out");
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
