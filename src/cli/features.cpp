// SPDX-License-Identifier: Apache-2.0
#include "twinear/features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/threads.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "clips/npy.h"
#include "features/front_end.h"
#include "report/plot.h"
#include "train/recipe.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> inputs, overrides;
  std::string out, plot, preset = "kaldi", recipe;
  std::uint64_t seed = 0;
  int channel = -1;
};

/// The files of the features: OUT itself for one input, else one in the folder OUT for each.
std::vector<std::string> output_paths(const Arguments& args) {
  std::error_code ignored;
  if (args.inputs.size() == 1 && !fs::is_directory(args.out, ignored)) return {args.out};
  std::vector<std::string> outputs;
  for (const auto& input : args.inputs)
    outputs.push_back((fs::path(args.out) / fs::path(input).stem().concat(".npy")).string());
  check_distinct(args.inputs, outputs);
  return outputs;
}

int features(const Arguments& args, const Common& common) {
  const LogMel log_mel(read_front_end(args.recipe, args.overrides, args.preset));
  const ClipOptions options{.channel = args.channel, .seed = args.seed, .quality = true};
  const bool draws = !args.plot.empty(), writes = !args.out.empty(), one = args.inputs.size() == 1;
  if (!writes && !draws) throw Error(Fault::config, "features: expected --out or --plot");
  if (draws) {
    check_picture_path(args.plot);
    check_output(args.plot);
    if (!one) throw Error(Fault::config, "--plot draws one clip, not several");
  }
  const auto outputs = writes ? output_paths(args) : std::vector{args.plot};
  std::optional<OutputFolder> folder;
  if (!one) folder.emplace(args.out);
  check_output(outputs.front());

  const auto print = [&](std::size_t i, std::size_t frames, const ClipReport& found) {
    const Speech& speech = found.speech;
    if (found.issue) common.console.warn(args.inputs[i] + ": " + found.issue->text);
    nlohmann::ordered_json line{{"input", args.inputs[i]},
                                {writes ? "output" : "plot", outputs[i]},
                                {"frames", frames},
                                {"bins", log_mel.front_end().mel_bins}};
    if (log_mel.front_end().vad != Vad::none && !speech.voiced.empty()) {
      common.console.info(fmt::format("{}: {:.2f} s of speech kept of {:.2f} s", args.inputs[i],
                                      speech.seconds, speech.total_seconds));
      line.update({{"speech_seconds", speech.seconds}, {"seconds", speech.total_seconds}});
    }
    print_result(common, line);
  };
  if (one) {
    const Clip clip = clip_of_file(args.inputs[0]);
    Matrix frames;
    if (writes) {  // a clip of any length, whose features need not fit in memory
      const auto written = write_features(clip, log_mel, outputs[0], options);
      print(0, written.frames, written);
      if (draws) frames = read_npy(outputs[0]);
    } else {
      auto found = clip_features(clip, log_mel, options);
      print(0, found.frames.rows(), found);
      frames = std::move(found.frames);
    }
    if (draws)
      write_picture(args.plot, plot(frames, log_mel.front_end(),
                                    fs::path(args.inputs[0]).filename().string()));
    return 0;
  }
  in_batches(common.console, args.inputs.size(), 64, [&](std::size_t begin, std::size_t count) {
    std::vector<ClipFeatures> found(count);
    parallel_for(count, [&](std::size_t i) {
      found[i] = clip_features(clip_of_file(args.inputs[begin + i]), log_mel, options);
    });
    for (std::size_t i = 0; i < count; ++i) {
      write_npy(outputs[begin + i], found[i].frames);
      print(begin + i, found[i].frames.rows(), found[i]);
    }
  });
  return 0;
}

}  // namespace

void add_features(Program& program) {
  auto [command, args] =
      program.add("features", "Computes log-mel features of clips, as .npy", features);
  command.argument("IN", args.inputs, "are audio files");
  command.option("-o,--out", "OUT", args.out,
                 "writes to this file, or to this folder if there are several clips");
  command.option("--plot", "FILE", args.plot,
                 "draws the spectrogram of one clip as .pdf, .svg or .png; --out may then be left "
                 "out");
  command.option(
      "--front-end", "PRESET", args.preset,
      fmt::format("computes the features of a toolkit: {}", fmt::join(front_end_presets(), ", "))
          .c_str());
  command.option("--recipe", "FILE", args.recipe,
                 "computes the features by a recipe's [front_end]");
  command.exclusive("--recipe", "--front-end");
  command.overrides(args.overrides);
  command.channel(args.channel);
  command.seed(args.seed);
}

}  // namespace twinear::cli
