// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string model, trials, root, manifest, enrollment_map, out, adapt;
  std::string similarity = "cosine", average = "embeddings", norm = "none", cohort,
              cohort_by = "label", adapt_by = "whitening", precision = "fp32";
  int top = 300;
  bool llr = false;
  int channel = -1;
};

void check(const Arguments& args) {
  const bool normalized = args.norm != "none";
  if (normalized != !args.cohort.empty())
    throw Error(Fault::config, "score: --norm and --cohort need each other");
  if (args.llr && (normalized || args.similarity != "cosine" || !args.adapt.empty()))
    throw Error(Fault::config,
                "score: --llr is of the cosines that the model's calibration speaks of: no --norm, "
                "--similarity or --adapt");
}

ScoreOptions options_of(const Arguments& args) {
  ScoreOptions options;
  options.similarity = args.similarity == "cosine" ? Similarity::cosine : Similarity::euclidean;
  options.average = args.average == "scores" ? Average::scores : Average::embeddings;
  options.root =
      args.root.empty() ? std::filesystem::path(args.trials).parent_path().string() : args.root;
  if (!args.manifest.empty()) options.clips = read_manifest(args.manifest).clips;
  if (!args.enrollment_map.empty()) options.enrollments = read_enrollment_map(args.enrollment_map);
  if (!args.cohort.empty()) options.cohort = read_manifest(args.cohort).clips;
  options.cohort_by_label = args.cohort_by == "label";
  options.top = args.norm == "as-norm" ? static_cast<std::size_t>(args.top) : 0;
  options.llr = args.llr;
  options.channel = args.channel;
  return options;
}

int score(const Arguments& args, const Common& common) {
  check(args);
  check_output(args.out);
  const auto trials = read_trials(args.trials);
  const ScoreOptions options = options_of(args);
  Verifier verifier = Verifier::load(find_model(args.model));
  set_precision(verifier, args.precision, common.console);
  if (!args.adapt.empty())
    verifier.adapt(read_manifest(args.adapt).clips, args.adapt_by == "whitening", args.channel);
  const auto scores = verifier.score(trials, options);
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
                 "lines of \"1 enroll test\" or \"enroll test target\"", Need::required);
  command.option("--root", "DIR", args->root,
                 "where the names of the trials start (default: the folder of the trials)");
  command.option("-o,--out", "SCORES", args->out,
                 "lines of \"enroll test score target\", in the order of the trials",
                 Need::required);
  command.model(args->model, Need::optional);
  command.option("--manifest", "CSV", args->manifest,
                 "clips by the names that trials use, with labels; names that it does not have are "
                 "files under --root");
  command.option(
      "--enrollment-map", "FILE", args->enrollment_map,
      "enrollments of several clips: lines of \"enrollment clip...\" (Kaldi's spk2utt), or "
      "a .csv with the columns enrollment,path");
  command.choice("--enrollment-average", {"embeddings", "scores"}, args->average,
                 "what such an enrollment is the mean of");
  command.choice("--similarity", {"cosine", "euclidean"}, args->similarity,
                 "of two embeddings; euclidean is the distance, negated");
  command.choice("--norm", {"none", "s-norm", "as-norm"}, args->norm,
                 "scores normalized by those of either side against --cohort");
  command.option("--cohort", "CSV", args->cohort,
                 "clips of sources that are not in the trials, with labels");
  command.choice("--cohort-by", {"label", "clip"}, args->cohort_by,
                 "a mean embedding for each label, or each clip by itself");
  command.option("--top", "K", args->top, 2, 1000000, "of the cohort, for as-norm");
  command.option("--adapt", "CSV", args->adapt,
                 "fits the model to these clips of the trials' domain first; labels are not looked "
                 "at (see twinear adapt)");
  command.choice("--adapt-by", {"whitening", "centering"}, args->adapt_by, "how");
  command.flag("--llr", args->llr,
               "log-likelihood ratios by the model's calibration instead of scores");
  add_precision(command, args->precision);
  command.channel(args->channel);
  command.run([args](const Common& common) { return score(*args, common); });
}

}  // namespace twinear::cli
