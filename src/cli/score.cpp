// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "twinear/error.h"

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
    throw Error(Fault::config, "score: --norm needs --cohort, and --cohort needs --norm");
  if (args.llr && (normalized || args.similarity != "cosine" || !args.adapt.empty()))
    throw Error(
        Fault::config,
        "score: --llr needs the cosines of the calibration; expected no --norm, --similarity "
        "or --adapt");
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
  std::vector<Error> bad_clips;
  ScoreOptions options = options_of(args);
  options.on_bad_clip = [&](const Error& e) { bad_clips.push_back(e); };
  Verifier verifier = load_verifier(args.model, "", common.console);
  set_precision(verifier, args.precision, common.console);
  if (!args.adapt.empty())
    verifier.adapt(read_manifest(args.adapt).clips, args.adapt_by == "whitening", args.channel);
  const auto scores = verifier.score(trials, options);
  if (scores.empty() && !bad_clips.empty()) throw bad_clips.front();
  for (const Error& e : bad_clips) common.console.error(e.what());
  write_scores(args.out, scores);
  const auto is_target = [](const ScoredTrial& s) { return s.trial.target; };
  print_result(common, {{"output", args.out},
                        {"trials", scores.size()},
                        {"left_out", trials.size() - scores.size()},
                        {"targets", std::ranges::count_if(scores, is_target)},
                        {"model_id", verifier.model_id()}});
  return bad_clips.empty() ? 0 : 2;
}

}  // namespace

void add_score(Program& program) {
  auto [command, args] = program.add("score", "Scores a trial list", score);
  command.option("--trials", "FILE", args.trials,
                 "reads lines of \"1 enroll test\" or \"enroll test target\"", Need::required);
  command.option("--root", "DIR", args.root,
                 "looks up the names of the trials in this folder (default: the folder of the "
                 "trials)");
  command.option("-o,--out", "SCORES", args.out,
                 "writes lines of \"enroll test score target\", in the order of the trials",
                 Need::required);
  command.model(args.model, Need::optional);
  command.option("--manifest", "CSV", args.manifest,
                 "looks up the names of the trials in this manifest first; it has labels, too");
  command.option("--enrollment-map", "FILE", args.enrollment_map,
                 "reads enrollments of several clips: lines of \"enrollment clip...\" (Kaldi's "
                 "spk2utt), or a .csv with the columns enrollment,path");
  command.choice("--enrollment-average", {"embeddings", "scores"}, args.average,
                 "averages the embeddings or the scores of such an enrollment");
  command.choice("--similarity", {"cosine", "euclidean"}, args.similarity,
                 "compares two embeddings by cosine, or by their negated distance");
  command.choice("--norm", {"none", "s-norm", "as-norm"}, args.norm,
                 "normalizes a score by the scores of both sides against --cohort");
  command.option("--cohort", "CSV", args.cohort,
                 "lists clips, with labels, of sources that are not in the trials");
  command.choice("--cohort-by", {"label", "clip"}, args.cohort_by,
                 "takes a mean embedding for each label of the cohort, or each clip by itself");
  command.option("--top", "K", args.top, 2, 1000000,
                 "normalizes by so many highest scores of the cohort, for as-norm");
  command.option("--adapt", "CSV", args.adapt,
                 "fits the model first to these clips of the trials' domain, whose labels have no "
                 "effect (see twinear adapt)");
  command.choice("--adapt-by", {"whitening", "centering"}, args.adapt_by,
                 "chooses how --adapt fits the model");
  command.flag("--llr", args.llr,
               "writes log-likelihood ratios by the model's calibration instead of scores");
  add_precision(command, args.precision);
  command.channel(args.channel);
  command.footer(
      "The trials of clips that cannot be embedded are left out; each such clip is named, and the\n"
      "exit code is 2.");
}

}  // namespace twinear::cli
