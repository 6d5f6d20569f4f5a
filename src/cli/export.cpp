// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/error.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string format, model, out;
};

int export_model(const Arguments& args, const Common& common) {
  if (args.format != "onnx")
    throw Error(Fault::config,
                fmt::format("export: unknown format \"{}\"; known is onnx", args.format));
  check_output(args.out);
  const Model model = load_model(find_model(args.model));
  export_onnx(model, args.out);
  if (common.json)
    print_json({{"output", args.out},
                {"input", "features"},
                {"bins", model.encoder.spec().bins},
                {"result", "embedding"},
                {"dimension", model.encoder.dimension()},
                {"front_end", model.front_end.preset}});
  else
    fmt::print("{}: features [clips, frames, {}] to embedding [clips, {}]\n", args.out,
               model.encoder.spec().bins, model.encoder.dimension());
  return 0;
}

}  // namespace

void add_export(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("export", "A model for other runtimes");
  command.argument("FORMAT", args->format, "onnx");
  command.argument("MODEL", args->model,
                   "a model file, or the name of one that ships with twinear");
  command.option("-o,--out", "FILE", args->out,
                 "from features (clips x frames x bins, after the front end that its metadata "
                 "names) to embeddings",
                 Need::required);
  command.run([args](const Common& common) { return export_model(*args, common); });
}

}  // namespace twinear::cli
