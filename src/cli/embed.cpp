// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "model/safetensors.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

/// Clips between two looks at the progress.
constexpr std::size_t clips_at_once = 128;

struct Arguments {
  std::vector<std::string> files;
  std::string model, manifest, out, precision = "fp32";
  int channel = -1;
  bool skip_bad = false;
};

std::vector<Clip> clips_of(const Arguments& args) {
  if (!args.manifest.empty()) return read_manifest(args.manifest).clips;
  if (args.files.empty())
    throw Error(Fault::config, "embed: clips are needed: files, or --manifest CSV");
  return clips_of_arguments(args.files);
}

int embed(const Arguments& args, const Common& common) {
  check_output(args.out);
  const std::vector<Clip> clips = clips_of(args);
  Verifier verifier = Verifier::load(find_model(args.model));
  set_precision(verifier, args.precision, common.console);

  std::vector<float> values;
  auto paths = nlohmann::ordered_json::array(), labels = nlohmann::ordered_json::array();
  std::optional<Error> first_error;
  Progress progress(common.console, "clips", clips.size());
  for (std::size_t begin = 0; begin < clips.size(); begin += clips_at_once) {
    const auto part =
        std::span(clips).subspan(begin, std::min(clips_at_once, clips.size() - begin));
    const auto embedded = verifier.embed_each(part, {.channel = args.channel});
    for (std::size_t i = 0; i < part.size(); ++i) {
      const ClipEmbedding& clip = embedded[i];
      if (clip.error) {
        if (!args.skip_bad) throw *clip.error;
        common.console.say(Level::error, std::string("twinear: ") + clip.error->what());
        if (!first_error) first_error = clip.error;
        continue;
      }
      values.insert(values.end(), clip.embedding.begin(), clip.embedding.end());
      paths.push_back(part[i].name);
      labels.push_back(part[i].label);
    }
    progress.at(begin + part.size());
  }
  if (paths.empty())
    throw Error(first_error->fault(), args.out + ": not written: no clip could be embedded");
  const std::size_t dimension = verifier.model().encoder.dimension();
  write_safetensors(args.out, {{"embeddings", {paths.size(), dimension}, values}},
                    {{"format", "twinear embeddings 1"},
                     {"model_id", verifier.model_id()},
                     {"paths", json_text(paths)},
                     {"labels", json_text(labels)}});
  if (common.json)
    print_json({{"output", args.out},
                {"clips", paths.size()},
                {"left_out", clips.size() - paths.size()},
                {"dimension", dimension},
                {"model_id", verifier.model_id()}});
  return first_error ? 2 : 0;
}

}  // namespace

void add_embed(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("embed", "Embeddings of many clips, as .safetensors");
  command.arguments("FILE", args->files, "audio files, or features in .npy", Need::optional);
  command.option("--manifest", "CSV", args->manifest,
                 "or the clips of a manifest (path,label) or a Kaldi data folder");
  command.exclusive("--manifest", "FILE");
  command.model(args->model, Need::required);
  command.option("-o,--out", "FILE", args->out,
                 "tensor \"embeddings\", a row a clip; \"paths\" and \"labels\" in the metadata",
                 Need::required);
  command.flag("--skip-bad", args->skip_bad,
               "leaves out clips that cannot be embedded, tells each, and ends with exit code 2");
  add_precision(command, args->precision);
  command.channel(args->channel);
  command.run([args](const Common& common) { return embed(*args, common); });
}

}  // namespace twinear::cli
