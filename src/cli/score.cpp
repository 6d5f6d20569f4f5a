// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shipped_model.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, trials, root, out;
  int channel = -1;
};

int score(const Arguments& args, const Common& common) {
  check_output(args.out);
  const auto trials = read_trials(args.trials);
  const std::string root =
      args.root.empty() ? std::filesystem::path(args.trials).parent_path().string() : args.root;
  const Verifier verifier = Verifier::load(find_model(args.model));
  const auto scores = verifier.score(trials, root, args.channel);
  write_scores(args.out, scores);
  if (common.json)
    print_json({{"output", args.out},
                {"trials", scores.size()},
                {"targets", std::ranges::count_if(
                                scores, [](const ScoredTrial& s) { return s.trial.target; })},
                {"model_id", verifier.model().id}});
  return 0;
}

}  // namespace

void add_score(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("score", "Scores a trial list");
  command.option("--trials", "FILE", args->trials,
                 "lines of \"1 enrol test\" or \"enrol test target\"", Need::required);
  command.option("--root", "DIR", args->root,
                 "where the names of the trials start (default: the folder of the trials)");
  command.option("-o,--out", "SCORES", args->out,
                 "lines of \"enrol test score target\", in the order of the trials",
                 Need::required);
  command.model(args->model, Need::optional);
  command.channel(args->channel);
  command.run([args](const Common& common) { return score(*args, common); });
}

}  // namespace twinear::cli
