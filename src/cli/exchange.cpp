// SPDX-License-Identifier: Apache-2.0
// twinear import and twinear export.
#include "twinear/exchange.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/companion.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct ImportArguments {
  std::string architecture, checkpoint, companion, out;
};

int import_checkpoint(const ImportArguments& args, const Common& common) {
  check_output(args.out);
  Model model = import_model(args.architecture, args.checkpoint);
  if (!args.companion.empty()) add_companion(model, args.companion);
  save_model(model, args.out);
  print_result(
      common,
      {{"output", args.out},
       {"encoder", model.encoder.spec().kind},
       {"bins", model.encoder.spec().bins},
       {"dimension", model.encoder.dimension()},
       {"parameters", model.encoder.parameter_count()},
       {"front_end", model.front_end.preset}},
      fmt::format("{}: {} with {} parameters, {} mel bins, {} dimensions, front end {}", args.out,
                  args.architecture, model.encoder.parameter_count(), model.encoder.spec().bins,
                  model.encoder.dimension(), model.front_end.preset));
  return 0;
}

struct ExportArguments {
  std::string format, model, out;
};

int export_model(const ExportArguments& args, const Common& common) {
  if (args.format != "onnx" && args.format != "companion")
    throw Error(
        Fault::config,
        fmt::format("export: unknown format \"{}\"; expected onnx or companion", args.format));
  check_output(args.out);
  const Model model = load_model(find_model(args.model));
  if (args.format == "companion") {
    write_companion(model, args.out);
    print_result(
        common, {{"output", args.out}},
        fmt::format("{}: the calibration, source and test embedding of the model", args.out));
    return 0;
  }
  export_onnx(model, args.out);
  print_result(common,
               {{"output", args.out},
                {"input", "features"},
                {"bins", model.encoder.spec().bins},
                {"result", "embedding"},
                {"dimension", model.encoder.dimension()},
                {"front_end", model.front_end.preset}},
               fmt::format("{}: features [clips, frames, {}] to embedding [clips, {}]", args.out,
                           model.encoder.spec().bins, model.encoder.dimension()));
  return 0;
}

}  // namespace

void add_import(Program& program) {
  auto [command, args] =
      program.add("import", "Converts a published checkpoint to a model", import_checkpoint);
  command.argument("ARCHITECTURE", args.architecture,
                   fmt::format("is one of {}", fmt::join(import_architectures, ", ")).c_str());
  command.argument("CHECKPOINT", args.checkpoint,
                   "is a state dict that torch.save wrote, e.g. embedding_model.ckpt");
  command.option("--companion", "FILE", args.companion,
                 "adds the calibration and the source that `twinear export companion` wrote, and "
                 "refuses the checkpoint of another model");
  command.option("-o,--out", "MODEL", args.out,
                 "writes the model, with the front end of its toolkit", Need::required);
  command.footer("The model has no calibration: `twinear calibrate` fits one on trials of yours.");
}

void add_export(Program& program) {
  auto [command, args] = program.add("export", "Converts a model for other runtimes", export_model);
  command.argument("FORMAT", args.format,
                   "is onnx, or companion: all but the weights, as JSON for `twinear import`");
  command.argument("MODEL", args.model, "is a model file, or the name of a model at hand");
  command.option(
      "-o,--out", "FILE", args.out,
      "writes a network that turns features (clips x frames x bins) into embeddings; its "
      "metadata name the front end",
      Need::required);
}

}  // namespace twinear::cli
