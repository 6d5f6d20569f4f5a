// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "data/text.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string a, b, pairs, model;
  AcceptanceArguments decision;
  int channel = -1;
};

struct Pair {
  std::size_t a, b;  // numbers of clips
};

/// Pairs of clips, and the clips, each once, in the order in which the pairs first name them.
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
    const auto [at, is_new] = known_.try_emplace(std::string(name), clips.size());
    if (is_new) clips.push_back(clips_of_arguments(std::span(&at->first, 1)).front());
    return at->second;
  }
  std::map<std::string, std::size_t> known_;
};

/// Where the two clips stand in a line of pairs, of VoxCeleb's trials or of Kaldi's.
std::optional<std::size_t> first_clip(const std::vector<std::string_view>& words) {
  if (words.size() == 2) return 0;
  if (words.size() != 3) return std::nullopt;
  if (words[0] == "0" || words[0] == "1") return 1;
  if (words[2] == "target" || words[2] == "nontarget") return 0;
  return std::nullopt;
}

/// Reads two words from each line; the answers of a trial list are skipped. Where a line has tabs,
/// its words may be between them, and have blanks.
Request read_pairs(const std::string& path) {
  Request request;
  TextFile file(path == "-" ? "/dev/stdin" : path);
  for (auto words = file.next(); !words.empty(); words = file.next()) {
    auto first = first_clip(words);
    if (!first) first = first_clip(words = file.between_tabs());
    if (!first) file.refuse("expected two clips: \"A B\"");
    request.add(words[*first], words[*first + 1]);
  }
  if (request.pairs.empty()) throw Error(Fault::format, path + ": no pairs");
  return request;
}

/// The verdict in a sentence, whose second part says how sure the calibration is.
std::string sentence(const Verdict& v, const std::string& source) {
  if (!v.answered()) return "Cannot tell: " + v.doubt + ".";
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

/// Says that a better model exists, where evidence is weak and its owner might get it.
std::string advice(const Verdict& v, const std::string& path) {
  constexpr double weak = 2.2;  // odds of 9 to 1
  if (!v.llr || std::abs(*v.llr) > weak || installed_model("speaker") != path ||
      installed_model(large_model))
    return "";
  return fmt::format("\nThis evidence is weak. The model {} would decide better; {}.\n",
                     large_model, how_to_get(large_model));
}

void print(const Verdict& v, const std::string& source, const std::string& path) {
  fmt::print("{}\n", sentence(v, source));
  if (std::isnan(v.score)) return;
  fmt::print("\n  score        {:8.4f}  cosine of the two embeddings, from -1 to 1\n", v.score);
  if (v.llr)
    fmt::print("  evidence     {:+8.3f}  natural-log likelihood ratio, above 0 for the same {}\n",
               *v.llr, source);
  if (v.probability)
    fmt::print("  probability  {:8.4f}  of the same {}, at even odds before listening\n",
               *v.probability, source);
  fmt::print("  threshold    {:8.4f}  {}\n", v.threshold, v.threshold_from);
  fmt::print("  decision     {:>8}  {}\n", v.answered() ? answer(v) : "none",
             v.answered()
                 ? fmt::format("the score is {} the threshold", v.same ? "not below" : "below")
                 : v.doubt);
  fmt::print("  model        {}\n{}", path, advice(v, path));
}

Json as_json(const Verdict& v) {
  Json json{{"answer", answer(v)},
            {"same", v.answered() ? Json(v.same) : Json(nullptr)},
            {"score", number_or_null(v.score)},
            {"llr", number_or_null(v.llr)},
            {"probability", number_or_null(v.probability)},
            {"threshold", number_or_null(v.threshold)},
            {"threshold_from", v.threshold_from}};
  if (!v.answered()) json["doubt"] = v.doubt;
  return json;
}

int verify(const Arguments& args, const Common& common) {
  const bool many = !args.pairs.empty();
  if (many != args.b.empty() || many != args.a.empty())
    throw Error(Fault::config, "verify: two clips are needed, or --pairs FILE");
  const std::string path = find_model(args.model);
  // Stays until the program ends, which frees all of it at once.
  static const Verifier& verifier =
      *new Verifier(Verifier::load(path, common.json ? ModelId::computed : ModelId::left_empty));
  const Acceptance accept = args.decision.acceptance();
  verifier.threshold(accept);  // throws, before a clip is read, if the model has none

  Request request;
  if (many)
    request = read_pairs(args.pairs);
  else
    request.add(args.a, args.b);
  std::vector<ClipEmbedding> clips;
  const Console progress = many ? common.console : Console(Level::error);
  in_batches(progress, request.clips.size(), 256, [&](std::size_t begin, std::size_t count) {
    const auto batch = std::span(request.clips).subspan(begin, count);
    for (auto& clip :
         verifier.embed_each(batch, {.channel = args.channel, .gate = QualityGate::decision()}))
      clips.push_back(std::move(clip));
  });
  const auto unreadable = [](const ClipEmbedding& clip) {
    return clip.status == ClipEmbedding::Status::unreadable;
  };
  if (const auto bad = std::ranges::find_if(clips, unreadable); !many && bad != clips.end())
    throw *bad->error;
  for (const ClipEmbedding& clip : clips)
    if (many || !clip.error) tell(clip, common.console);

  bool all_same = true, all_answered = true;
  for (const auto [i, j] : request.pairs) {
    const ClipEmbedding &a = clips[i], &b = clips[j];
    const auto &name_a = request.clips[i].name, &name_b = request.clips[j].name;
    Json line{{"a", name_a}, {"b", name_b}};
    if (unreadable(a) || unreadable(b)) {
      all_answered = false;
      line["error"] = (unreadable(a) ? a : b).error->what();
      print_result(common, line, fmt::format("{}\t{}\terror\t-\t-\t-", name_a, name_b));
      continue;
    }
    const Verdict verdict = verifier.decide(a, b, accept);
    all_same = all_same && verdict.same;
    all_answered = all_answered && verdict.answered();
    line.update(as_json(verdict));
    line["warnings"] = a.warnings;
    if (i != j)
      for (const auto& warning : b.warnings) line["warnings"].push_back(warning);
    line["model"] = path;
    if (common.json) line["model_id"] = verifier.model_id();
    if (common.json || many)
      print_result(
          common, line,
          fmt::format("{}\t{}\t{}\t{}", name_a, name_b, answer(verdict), columns(verdict)));
    else
      print(verdict, verifier.model().source, path);
  }
  if (!all_answered) return 2;
  return all_same || many ? 0 : 1;
}

}  // namespace

void add_verify(Program& program) {
  auto [command, args] =
      program.add("verify", "Decides whether two clips have the same source", verify);
  command.argument("A", args.a, "is a clip: an audio file, or features in .npy", Need::optional);
  command.argument("B", args.b, "is the clip to compare A with", Need::optional);
  command.option("--pairs", "FILE", args.pairs,
                 "reads many pairs instead of A and B: a line of \"A B\" or a trial for each; - is "
                 "standard input");
  command.model(args.model, Need::optional);
  args.decision.add_to(command, "even odds by the model's calibration");
  command.channel(args.channel);
  command.footer(
      "Exit codes: 0 the same source, 1 different sources, 2 no answer: a clip cannot be read, or "
      "it\n"
      "cannot be told, for example because a clip holds no speech. With --pairs a line has A, B,\n"
      "same|different|cannot tell|error, score, log-likelihood ratio and probability, with tabs\n"
      "between; the exit code is 0 if every pair got its answer.");
}

}  // namespace twinear::cli
