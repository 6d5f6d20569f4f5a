// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/identifier.h"
#include "cli/output.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;
using Status = ClipEmbedding::Status;

bool is_error(const ClipEmbedding& clip) { return clip.status == Status::unreadable; }

/// Whether nobody speaks: for a window of a stream, which begins anywhere, also nearly nobody.
bool is_silence(const Question& question) {
  const Status status = question.clip.status;
  return status == Status::silent || (question.file.empty() && status == Status::too_short);
}

}  // namespace

void Identifier::Arguments::add_to(Command& command) {
  command.option("--db", "DB", db, "looks identities up in this database (see twinear enroll)",
                 Need::required);
  command.model(model, Need::optional);
  decision.add_to(command,
                  "the one that names a stranger in one search of a hundred; it rises with the "
                  "number of identities");
  command.option("--top", "N", top, 0, 1'000'000, "also lists the N best matches");
}

Identifier::Identifier(const Arguments& args, const Console& console, bool json)
    : people_(args.db),
      verifier_(load_verifier(args.model, people_.model_id(), console)),
      accept_(args.decision.acceptance(Acceptance::per_search(0.01))),
      top_(static_cast<std::size_t>(args.top)),
      json_(json) {
  verifier_.threshold(accept_);
  people_.require_model(verifier_.model_id());
}

void Identifier::answer(const std::vector<Question>& questions) const {
  std::vector<ClipEmbedding> clips;
  for (const Question& question : questions) clips.push_back(question.clip);
  const auto answers = people_.identify(verifier_, clips, accept_, top_);
  for (std::size_t i = 0; i < questions.size(); ++i)
    if (json_)
      print_object(questions[i], answers[i]);
    else
      print(questions[i], answers[i]);
  if (std::fflush(stdout) != 0)
    throw Error(Fault::io, "standard output: could not be written whole");
}

void Identifier::print(const Question& question, const Identification& answer) const {
  const auto& [file, start, end, clip] = question;
  const auto& candidates = answer.candidates;
  const Candidate* known = answer.known();
  const std::string place = file.empty() ? fmt::format("{:.2f}\t{:.2f}", start, end) : file;
  const std::string name = known != nullptr        ? known->name
                           : is_error(clip)        ? "error"
                           : is_silence(question)  ? "silence"
                           : !answer.doubt.empty() ? "cannot tell"
                                                   : "unknown";
  fmt::print("{}\t{}\t{}\n", place, name,
             candidates.empty() ? "-\t-\t-" : columns(candidates.front().verdict));
  for (std::size_t i = 0; i < std::min(top_, candidates.size()); ++i)
    fmt::print("  {}.\t{}\t{}\n", i + 1, candidates[i].name, columns(candidates[i].verdict));
}

void Identifier::print_object(const Question& question, const Identification& answer) const {
  const auto& [file, start, end, clip] = question;
  Json line = file.empty() ? Json{{"start", start}, {"end", end}} : Json{{"file", file}};
  if (is_error(clip)) {
    line["error"] = clip.error->what();
    return print_json(line);
  }
  const auto& candidates = answer.candidates;
  const Candidate* known = answer.known();
  line["name"] = known != nullptr ? Json(known->name) : Json(nullptr);
  line["silence"] = is_silence(question);
  if (!answer.doubt.empty()) line["doubt"] = answer.doubt;
  for (const char* key : {"score", "llr", "probability", "threshold"}) line[key] = nullptr;
  line["model_id"] = verifier_.model_id();
  if (!candidates.empty()) {
    const Verdict& verdict = candidates.front().verdict;
    line["score"] = verdict.score;
    line["llr"] = number_or_null(verdict.llr);
    line["probability"] = number_or_null(verdict.probability);
    line["threshold"] = verdict.threshold;
  }
  line["best"] = Json::array();
  for (std::size_t i = 0; i < std::min(top_, candidates.size()); ++i)
    line["best"].push_back({{"name", candidates[i].name}, {"score", candidates[i].verdict.score}});
  print_json(line);
}

namespace {

struct CommandArguments {
  Identifier::Arguments who;
  std::vector<std::string> files;
  std::string folder;
  StreamArguments stream;
  int channel = -1;
};

int identify(const CommandArguments& args, const Common& common) {
  const bool has_files = !args.files.empty(), has_stream = !args.stream.path.empty(),
             has_folder = !args.folder.empty();
  if (has_files + has_stream + has_folder != 1)
    throw Error(Fault::config, "identify: one of FILE, --stream and --watch is needed");
  const Identifier identifier(args.who, common.console, common.json);
  if (has_files)
    return identify_files(identifier, args.files, args.channel, common.console) ? 0 : 2;
  if (has_stream)
    identify_stream(identifier, args.stream, common.console);
  else
    identify_arrivals(identifier, args.folder, args.channel, common.console);
  return 0;
}

}  // namespace

bool identify_files(const Identifier& identifier, std::span<const std::string> files, int channel,
                    const Console& console) {
  bool all_answered = true;
  constexpr std::size_t at_once = 1024;  // files that are answered together
  for (std::size_t begin = 0; begin < files.size(); begin += at_once) {
    const auto some = files.subspan(begin, std::min(at_once, files.size() - begin));
    auto clips = identifier.verifier().embed_each(
        clips_of_arguments(some), {.channel = channel, .gate = QualityGate::decision()});
    std::vector<Question> questions;
    for (std::size_t i = 0; i < some.size(); ++i) {
      tell(clips[i], console);
      all_answered = all_answered && !clips[i].error;
      questions.push_back({.file = some[i], .clip = std::move(clips[i])});
    }
    identifier.answer(questions);
  }
  return all_answered;
}

void add_identify(Program& program) {
  auto [command, args] =
      program.add("identify", "Finds the identity of clips, of a stream or of new files", identify);
  command.argument("FILE", args.files, "are audio files, or features in .npy", Need::optional);
  command.option("--stream", "FILE", args.stream.path,
                 "identifies samples as they come, raw or WAV; - is standard input");
  command.option("--watch", "FOLDER", args.folder, "identifies each file that comes into a folder");
  args.who.add_to(command);
  command.option("--rate", "HZ", args.stream.rate, 1, 768'000, "sets the rate of a raw stream");
  command.choice("--format", {"s16", "f32"}, args.stream.format,
                 "sets the format of a raw stream, which has one channel and is little-endian");
  command.option("--window", "SECONDS", args.stream.window, 0.5, 600,
                 "sets how much of a stream is identified at a time");
  command.option("--hop", "SECONDS", args.stream.hop, 0.05, 600,
                 "sets the time from one window to the next");
  command.channel(args.channel);
  command.footer(
      "A line has FILE (for a stream: start and end in seconds), then a name or unknown, silence,\n"
      "cannot tell or error, then score, log-likelihood ratio and probability, with tabs between.\n"
      "The default threshold names one stranger in a hundred, however many identities there are.\n"
      "That of --at-fpr is for one comparison: with N identities, a stranger is taken for one of\n"
      "them up to N times as often.\n"
      "  $ arecord -f S16_LE -r 16000 -c1 -t raw | twinear identify --db people.sqlite --stream -");
}

}  // namespace twinear::cli
