// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "model/safetensors.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string model, manifest, out, precision = "fp32";
  int channel = -1;
  bool skip_bad = false;
};

std::vector<Clip> clips_of(const Arguments& args) {
  if (!args.manifest.empty()) return read_manifest(args.manifest).clips;
  if (args.files.empty())
    throw Error(Fault::config, "embed: expected clips: audio files, or --manifest CSV");
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
  in_batches(common.console, clips.size(), 128, [&](std::size_t begin, std::size_t count) {
    const auto batch = std::span(clips).subspan(begin, count);
    const auto embedded =
        verifier.embed_each(batch, {.channel = args.channel, .gate = {.voice = false}});
    for (std::size_t i = 0; i < count; ++i) {
      const ClipEmbedding& clip = embedded[i];
      if (clip.error) {
        if (!args.skip_bad) throw *clip.error;
        common.console.error(clip.error->what());
        if (!first_error) first_error = clip.error;
        continue;
      }
      values.insert(values.end(), clip.embedding.begin(), clip.embedding.end());
      paths.push_back(batch[i].name);
      labels.push_back(batch[i].label);
    }
  });
  if (paths.empty())
    throw Error(first_error->fault(), args.out + ": not written: no clip could be embedded");
  const std::size_t dimension = verifier.model().encoder.dimension();
  write_safetensors(args.out, {{"embeddings", {paths.size(), dimension}, values}},
                    {{"format", "twinear embeddings 1"},
                     {"model_id", verifier.model_id()},
                     {"paths", shown(paths)},
                     {"labels", shown(labels)}});
  print_result(common, {{"output", args.out},
                        {"clips", paths.size()},
                        {"left_out", clips.size() - paths.size()},
                        {"dimension", dimension},
                        {"model_id", verifier.model_id()}});
  return first_error ? 2 : 0;
}

}  // namespace

void add_embed(Program& program) {
  auto [command, args] =
      program.add("embed", "Writes the embeddings of many clips to a .safetensors file", embed);
  command.argument("FILE", args.files, "are audio files, or features in .npy", Need::optional);
  command.option("--manifest", "CSV", args.manifest,
                 "embeds the clips of a manifest (path,label) or of a Kaldi data folder");
  command.exclusive("--manifest", "FILE");
  command.model(args.model, Need::required);
  command.option("-o,--out", "FILE", args.out,
                 "writes a row of the tensor \"embeddings\" for each clip; the metadata has paths "
                 "and labels",
                 Need::required);
  command.flag("--skip-bad", args.skip_bad,
               "leaves out clips that cannot be embedded, names each, and ends with exit code 2");
  add_precision(command, args.precision);
  command.channel(args.channel);
}

}  // namespace twinear::cli
