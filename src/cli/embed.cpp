// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shipped_model.h"
#include "model/safetensors.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

/// Clips between two looks at the progress.
constexpr std::size_t clips_at_once = 128;

struct Arguments {
  std::vector<std::string> files;
  std::string model, manifest, out;
  int channel = -1;
};

std::vector<Clip> clips_of(const Arguments& args) {
  if (!args.manifest.empty()) return read_manifest(args.manifest).clips;
  if (args.files.empty())
    throw Error(Fault::config, "embed: clips are needed: files, or --manifest CSV");
  return clips_of_files(args.files);
}

int embed(const Arguments& args, const Common& common) {
  check_output(args.out);
  const std::vector<Clip> clips = clips_of(args);
  const Verifier verifier = Verifier::load(find_model(args.model));

  Matrix embeddings(clips.size(), verifier.model().encoder.dimension());
  auto paths = nlohmann::ordered_json::array(), labels = nlohmann::ordered_json::array();
  Progress progress(common.console, "clips", clips.size());
  for (std::size_t begin = 0; begin < clips.size(); begin += clips_at_once) {
    const auto part =
        std::span(clips).subspan(begin, std::min(clips_at_once, clips.size() - begin));
    std::ranges::copy(verifier.embed(part, args.channel).values(), embeddings.row(begin).data());
    for (const auto& clip : part) {
      paths.push_back(clip.name);
      labels.push_back(clip.label);
    }
    progress.at(begin + part.size());
  }
  write_safetensors(args.out,
                    {{"embeddings", {embeddings.rows(), embeddings.cols()}, embeddings.values()}},
                    {{"format", "twinear embeddings 1"},
                     {"model_id", verifier.model().id},
                     {"paths", json_text(paths)},
                     {"labels", json_text(labels)}});
  if (common.json)
    print_json({{"output", args.out},
                {"clips", embeddings.rows()},
                {"dimension", embeddings.cols()},
                {"model_id", verifier.model().id}});
  return 0;
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
  command.channel(args->channel);
  command.run([args](const Common& common) { return embed(*args, common); });
}

}  // namespace twinear::cli
