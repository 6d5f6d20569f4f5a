// SPDX-License-Identifier: Apache-2.0
#include "cli/identifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/shipped_model.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A column of text that the next one can be told from.
std::string column(const Question& question) {
  return question.file.empty() ? fmt::format("{:.2f}\t{:.2f}", question.start, question.end)
                               : question.file;
}

Json object(const Question& question) {
  if (question.file.empty()) return {{"start", question.start}, {"end", question.end}};
  return {{"file", question.file}};
}

}  // namespace

void Identifier::Arguments::add_to(Command& command) {
  command.option("--db", "DB", db, "the database of those who are known (see twinear enroll)",
                 Need::required);
  command.model(model, Need::optional);
  decision.add_to(command);
  command.option("--top", "N", top, 0, 1'000'000, "also shows the N best, whoever was meant");
}

Identifier::Identifier(const Arguments& args, bool json)
    : path_(find_model(args.model)),
      verifier_(Verifier::load(path_)),
      judge_(verifier_, args.decision, path_),
      people_(args.db),
      top_(static_cast<std::size_t>(args.top)),
      json_(json) {
  people_.require_model(verifier_.model_id());
}

void Identifier::answer(const std::vector<Question>& questions) const {
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < questions.size(); ++i)
    if (!questions[i].embedding.empty()) asked.push_back(i);
  Matrix embeddings(asked.size(), verifier_.model().encoder.dimension());
  for (std::size_t i = 0; i < asked.size(); ++i)
    std::ranges::copy(questions[asked[i]].embedding, embeddings.row(i).begin());
  std::vector<std::vector<Match>> ranked(questions.size());
  auto answers = people_.rank(embeddings, std::max<std::size_t>(top_, 1));
  for (std::size_t i = 0; i < asked.size(); ++i) ranked[asked[i]] = std::move(answers[i]);

  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& question = questions[i];
    std::vector<Verdict> verdicts;
    for (const Match& match : ranked[i])
      verdicts.push_back(judge_(match.score, {match.seconds, question.seconds}));
    const bool known = !verdicts.empty() && verdicts.front().same;

    if (json_) {
      Json line = object(question);
      if (!question.error.empty()) {
        line["error"] = question.error;
      } else {
        line["name"] = known ? Json(ranked[i].front().name) : Json(nullptr);
        line["silence"] = question.silence;
        const bool any = !verdicts.empty();
        line["score"] = any ? Json(verdicts.front().score) : Json(nullptr);
        line["llr"] = any ? number_or_null(verdicts.front().llr) : Json(nullptr);
        line["probability"] = any ? number_or_null(verdicts.front().probability) : Json(nullptr);
        line["threshold"] = any ? Json(verdicts.front().threshold) : Json(nullptr);
        line["best"] = Json::array();
        for (std::size_t j = 0; j < std::min(top_, verdicts.size()); ++j)
          line["best"].push_back({{"name", ranked[i][j].name}, {"score", verdicts[j].score}});
      }
      print_json(line);
    } else {
      const char* instead = !question.error.empty() ? "error"
                            : question.silence      ? "silence"
                                                    : "unknown";
      fmt::print("{}\t{}\t{}\n", column(question), known ? ranked[i].front().name : instead,
                 verdicts.empty() ? "-\t-\t-" : columns(verdicts.front()));
      for (std::size_t j = 0; j < std::min(top_, verdicts.size()); ++j)
        fmt::print("  {}.\t{}\t{}\n", j + 1, ranked[i][j].name, columns(verdicts[j]));
    }
  }
  if (std::fflush(stdout) != 0)
    throw Error(Fault::io, "standard output: could not be written whole");
}

}  // namespace twinear::cli
