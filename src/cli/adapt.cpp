// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

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
  print_result(common, {{"output", args.out}, {"clips", clips.size()}, {"by", args.by}},
               fmt::format("{}: {} on {} clips; the model {} no calibration", args.out, args.by,
                           clips.size(), was_calibrated ? "now holds" : "holds"));
  return 0;
}

}  // namespace

void add_adapt(Program& program) {
  auto [command, args] =
      program.add("adapt", "Fits a model to a new domain, from clips without labels", adapt);
  command.model(args.model, Need::required);
  command.option("--manifest", "CSV", args.manifest,
                 "lists clips of many sources of the new domain; their labels have no effect",
                 Need::required);
  command.choice("--by", {"whitening", "centering"}, args.by,
                 "chooses what is done to the embeddings; centering needs fewer clips");
  command.option("-o,--out", "MODEL", args.out,
                 "writes the adapted model, which needs a calibration of its own", Need::required);
  command.channel(args.channel);
}

}  // namespace twinear::cli
