// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "data/text.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string a, b, pairs, model;
  AcceptanceArguments decision;
  int channel = -1;
};

struct Pair {
  std::size_t a, b;  // of the clips
};

/// Clips each once, in the order in which pairs name them first.
class Request {
 public:
  void add(std::string_view a, std::string_view b) {
    const std::size_t first = number(a);
    pairs.push_back({first, number(b)});
  }

  std::vector<Clip> clips;
  std::vector<Pair> pairs;

 private:
  std::size_t number(std::string_view name) {
    const auto [at, fresh] = known_.try_emplace(std::string(name), clips.size());
    if (fresh) clips.push_back(clips_of_arguments(std::span(&at->first, 1)).front());
    return at->second;
  }
  std::map<std::string, std::size_t> known_;
};

/// Two words a line; of a trial list the answers are passed over.
Request read_pairs(const std::string& path) {
  Request request;
  TextFile file(path == "-" ? "/dev/stdin" : path);
  for (auto words = file.next(); !words.empty(); words = file.next()) {
    const bool voxceleb = words.size() == 3 && (words[0] == "0" || words[0] == "1");
    const bool kaldi = words.size() == 3 && (words[2] == "target" || words[2] == "nontarget");
    if (words.size() != 2 && !voxceleb && !kaldi) file.refuse("expected two clips: \"A B\"");
    const std::size_t first = voxceleb ? 1 : 0;
    request.add(words[first], words[first + 1]);
  }
  if (request.pairs.empty()) throw Error(Fault::format, path + ": no pairs");
  return request;
}

/// The verdict for everyone. Its second part says how sure the calibration is.
std::string sentence(const Verdict& v, const std::string& source) {
  const std::string answer = (v.same ? "Same " : "Different ") + source + (v.same ? "" : "s");
  if (!v.probability) return answer + ", by the given threshold.";
  const double sure = v.same ? *v.probability : 1.0 - *v.probability;
  const std::string percent =
      sure > 0.999 ? "over 99.9 %" : fmt::format("{:.{}f} %", 100.0 * sure, sure > 0.99 ? 1 : 0);
  if (sure < 0.5)
    return fmt::format("{} by this threshold, though that is unlikely, {}.", answer, percent);
  const char* how = sure >= 0.99 ? "almost certain" : sure >= 0.8 ? "likely" : "uncertain";
  return fmt::format("{}: {}, {}.", answer, how, percent);
}

void print(const Verdict& v, const std::string& source) {
  fmt::print("{}\n\n", sentence(v, source));
  fmt::print("  score        {:8.4f}  cosine of the two embeddings, from -1 to 1\n", v.score);
  if (v.llr)
    fmt::print("  evidence     {:+8.3f}  natural-log likelihood ratio, above 0 for the same {}\n",
               *v.llr, source);
  if (v.probability)
    fmt::print("  probability  {:8.4f}  of the same {}, at even odds before listening\n",
               *v.probability, source);
  fmt::print("  threshold    {:8.4f}  {}\n", v.threshold, v.threshold_from);
  fmt::print("  decision     {:>8}  the score is {} the threshold\n", v.same ? "same" : "different",
             v.same ? "not below" : "below");
}

nlohmann::ordered_json as_json(const Verdict& v) {
  return {{"same", v.same},
          {"score", v.score},
          {"llr", number_or_null(v.llr)},
          {"probability", number_or_null(v.probability)},
          {"threshold", v.threshold},
          {"threshold_from", v.threshold_from}};
}

void print_line(const std::string& a, const std::string& b, const Verdict& v) {
  fmt::print("{}\t{}\t{}\t{}\n", a, b, v.same ? "same" : "different", columns(v));
}

/// All clips, in batches between which the progress of many is shown.
std::vector<ClipEmbedding> embed(const Verifier& verifier, std::span<const Clip> clips, int channel,
                                 const Console& console, bool shows_progress) {
  constexpr std::size_t at_once = 256;
  Progress progress(console, "clips", clips.size());
  std::vector<ClipEmbedding> embedded;
  while (!clips.empty()) {
    const auto some = clips.first(std::min(at_once, clips.size()));
    for (auto& clip : verifier.embed_each(some, {.channel = channel}))
      embedded.push_back(std::move(clip));
    clips = clips.subspan(some.size());
    if (shows_progress) progress.at(embedded.size());
  }
  return embedded;
}

void tell(std::span<const ClipEmbedding> clips, const Console& console) {
  for (const ClipEmbedding& clip : clips)
    if (clip.error) console.say(Level::error, std::string("twinear: ") + clip.error->what());
  for (const ClipEmbedding& clip : clips)
    for (const auto& line : clip.warnings) console.warn(line);
}

int verify(const Arguments& args, const Common& common) {
  const bool many = !args.pairs.empty();
  if (many != args.b.empty() || many != args.a.empty())
    throw Error(Fault::config, "verify: two clips are needed, or --pairs FILE");
  const std::string path = find_model(args.model);
  const Verifier verifier = Verifier::load(path);
  const Acceptance accept = args.decision.acceptance();
  verifier.threshold(accept);  // there may be none: said before a clip is read

  Request request;
  if (many)
    request = read_pairs(args.pairs);
  else
    request.add(args.a, args.b);
  const auto clips = embed(verifier, request.clips, args.channel, common.console, many);
  if (!many)
    for (const ClipEmbedding& clip : clips)
      if (clip.error) throw *clip.error;
  tell(clips, common.console);

  bool all_same = true, all_answered = true;
  for (const auto [i, j] : request.pairs) {
    const ClipEmbedding &a = clips[i], &b = clips[j];
    const auto &name_a = request.clips[i].name, &name_b = request.clips[j].name;
    nlohmann::ordered_json line{{"a", name_a}, {"b", name_b}};
    if (const auto& error = a.error ? a.error : b.error) {
      all_answered = false;
      line["error"] = error->what();
      if (!common.json) fmt::print("{}\t{}\terror\t-\t-\t-\n", name_a, name_b);
    } else {
      const Verdict verdict = verifier.decide(a, b, accept);
      all_same = all_same && verdict.same;
      line.update(as_json(verdict));
      line["warnings"] = a.warnings;
      if (i != j)
        for (const auto& warning : b.warnings) line["warnings"].push_back(warning);
      line["model"] = path;
      line["model_id"] = verifier.model_id();
      if (!common.json && many) print_line(name_a, name_b, verdict);
      if (!common.json && !many) print(verdict, verifier.model().source);
    }
    if (common.json) print_json(line);
  }
  if (!all_answered) return 2;
  return all_same || many ? 0 : 1;
}

}  // namespace

void add_verify(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("verify", "Do two clips have the same source?");
  command.argument("A", args->a, "a clip: any audio file, or features in .npy", Need::optional);
  command.argument("B", args->b, "the clip to compare it with", Need::optional);
  command.option("--pairs", "FILE", args->pairs,
                 "instead of A and B: a pair a line, \"A B\" or a trial; - for standard input");
  command.model(args->model, Need::optional);
  args->decision.add_to(command);
  command.channel(args->channel);
  command.footer(
      "Exit codes: 0 the same source, 1 different sources, 2 no answer.\n"
      "With --pairs a line is A, B, same|different|error, score, log-likelihood ratio and\n"
      "probability, with tabs between; the exit code is 0 where every pair got its answer.");
  command.run([args](const Common& common) { return verify(*args, common); });
}

}  // namespace twinear::cli
