// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/within.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shipped_model.h"
#include "model/calibration_json.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, scores, out;
};

void print(const Calibration& c) {
  fmt::print(
      "llr = {:.4f} x score {:+.4f}, from {} trials of the same source and {} of different "
      "ones\n\n",
      c.scale, c.offset, c.targets, c.nontargets);
  fmt::print("  {:<22} {:>9} {:>9}\n", "accepted of different", "threshold", "missed");
  for (const auto& t : c.thresholds)
    fmt::print("  {:>20.4g} % {:>9.4f} {:>7.2f} %\n", 100.0 * t.false_alarm, t.threshold,
               100.0 * t.miss);
  fmt::print("  {:<22} {:>9.4f}\n  {:<22} {:>7.2f} %\n", "even odds", c.threshold(), "EER",
             100.0 * c.eer);
}

int calibrate(const Arguments& args, const Common& common) {
  check_output(args.out);
  const auto trials = read_score_table(args.scores);
  const Scores scores = within(args.scores, [&] { return split_scores(trials); });
  Model model = load_model(find_model(args.model));
  model.calibration = fit_calibration(scores, args.scores);
  save_model(model, args.out);
  if (common.json)
    print_json({{"output", args.out},
                {"calibration", parse_json(calibration_json(*model.calibration), args.out)},
                {"even_odds_threshold", model.calibration->threshold()}});
  else
    print(*model.calibration);
  return 0;
}

}  // namespace

void add_calibrate(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command =
      program.command("calibrate", "Fits what a model's scores mean, and its thresholds");
  command.model(args->model, Need::required);
  command.option("--scores", "SCORES", args->scores,
                 "scored trials of development speakers, by the same model", Need::required);
  command.option("-o,--out", "MODEL", args->out, "the model with its calibration", Need::required);
  command.run([args](const Common& common) { return calibrate(*args, common); });
}

}  // namespace twinear::cli
