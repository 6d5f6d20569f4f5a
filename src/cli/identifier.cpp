// SPDX-License-Identifier: Apache-2.0
#include "cli/identifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;
using Status = ClipEmbedding::Status;

bool is_error(const Question& question) {
  return question.clip.status != Status::embedded && question.clip.status != Status::silent;
}

}  // namespace

void Identifier::Arguments::add_to(Command& command) {
  command.option("--db", "DB", db, "the database of those who are known (see twinear enroll)",
                 Need::required);
  command.model(model, Need::optional);
  decision.add_to(command);
  command.option("--top", "N", top, 0, 1'000'000, "also lists the N best matches");
}

Identifier::Identifier(const Arguments& args, bool json)
    : verifier_(Verifier::load(find_model(args.model))),
      accept_(args.decision.acceptance()),
      people_(args.db),
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
  const std::string name = known != nullptr                ? known->name
                           : is_error(question)            ? "error"
                           : clip.status == Status::silent ? "silence"
                                                           : "unknown";
  fmt::print("{}\t{}\t{}\n", place, name,
             candidates.empty() ? "-\t-\t-" : columns(candidates.front().verdict));
  for (std::size_t i = 0; i < std::min(top_, candidates.size()); ++i)
    fmt::print("  {}.\t{}\t{}\n", i + 1, candidates[i].name, columns(candidates[i].verdict));
}

void Identifier::print_object(const Question& question, const Identification& answer) const {
  const auto& [file, start, end, clip] = question;
  Json line = file.empty() ? Json{{"start", start}, {"end", end}} : Json{{"file", file}};
  if (is_error(question)) {
    line["error"] = clip.error->what();
    return print_json(line);
  }
  const auto& candidates = answer.candidates;
  const Candidate* known = answer.known();
  line["name"] = known != nullptr ? Json(known->name) : Json(nullptr);
  line["silence"] = clip.status == Status::silent;
  for (const char* key : {"score", "llr", "probability", "threshold"}) line[key] = nullptr;
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

}  // namespace twinear::cli
