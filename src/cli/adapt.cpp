// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, manifest, out, by = "whitening";
  int channel = -1;
};

int adapt(const Arguments& args, const Common& common) {
  check_output(args.out);
  const auto clips = read_manifest(args.manifest).clips;
  Verifier verifier = Verifier::load(find_model(args.model));
  const bool was_calibrated = verifier.model().calibration.has_value();
  within(args.manifest, [&] { verifier.adapt(clips, args.by == "whitening", args.channel); });
  save_model(verifier.model(), args.out);
  if (common.json)
    print_json({{"output", args.out}, {"clips", clips.size()}, {"by", args.by}});
  else
    fmt::print("{}: {} on {} clips; {}\n", args.out, args.by, clips.size(),
               was_calibrated ? "its calibration was of other scores and is left out"
                              : "it holds no calibration");
  return 0;
}

}  // namespace

void add_adapt(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command =
      program.command("adapt", "Fits a model to a new domain, from clips without labels");
  command.model(args->model, Need::required);
  command.option("--manifest", "CSV", args->manifest,
                 "clips of the new domain, of many sources; labels are not looked at",
                 Need::required);
  command.choice("--by", {"whitening", "centering"}, args->by,
                 "what is done to the embeddings; centering alone needs fewer clips");
  command.option("-o,--out", "MODEL", args->out, "the model that embeds so; calibrate it anew",
                 Need::required);
  command.channel(args->channel);
  command.run([args](const Common& common) { return adapt(*args, common); });
}

}  // namespace twinear::cli
