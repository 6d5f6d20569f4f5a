// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string architecture, checkpoint, out;
};

int import(const Arguments& args, const Common& common) {
  check_output(args.out);
  const Model model = import_model(args.architecture, args.checkpoint);
  save_model(model, args.out);
  if (common.json)
    print_json({{"output", args.out},
                {"encoder", model.encoder.spec().kind},
                {"bins", model.encoder.spec().bins},
                {"dimension", model.encoder.dimension()},
                {"parameters", model.encoder.parameter_count()},
                {"front_end", model.front_end.preset}});
  else
    fmt::print("{}: {} of {} parameters, {} bands in, {} numbers out, front end {}\n", args.out,
               args.architecture, model.encoder.parameter_count(), model.encoder.spec().bins,
               model.encoder.dimension(), model.front_end.preset);
  return 0;
}

}  // namespace

void add_import(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("import", "Takes over a published model's weights");
  command.argument("ARCHITECTURE", args->architecture,
                   fmt::format("one of {}", fmt::join(import_architectures, ", ")).c_str());
  command.argument("CHECKPOINT", args->checkpoint,
                   "a state dict that torch.save wrote, e.g. embedding_model.ckpt");
  command.option("-o,--out", "MODEL", args->out, "the model, with the front end that belongs to it",
                 Need::required);
  command.footer("The model has no calibration: `twinear calibrate` fits one on trials of yours.");
  command.run([args](const Common& common) { return import(*args, common); });
}

}  // namespace twinear::cli
