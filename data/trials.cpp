// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/files.h"
#include "data/text.h"
#include "twinear/dataset.h"

namespace twinear {
namespace {

bool is_answer(std::string_view word) { return word == "target" || word == "nontarget"; }
bool is_digit(std::string_view word) { return word == "0" || word == "1"; }

void refuse_empty(bool empty, const std::string& path, const char* what) {
  if (empty) throw Error(Fault::format, fmt::format("{}: no {}", path, what));
}

void check_writable(const std::string& path, const std::string& name) {
  if (name.empty() || name.find_first_of(" \t\r\n") != std::string::npos)
    throw Error(Fault::format,
                fmt::format("{}: the name \"{}\" cannot stand in a list of words", path, name));
}

}  // namespace

std::vector<Trial> read_trials(const std::string& path) {
  std::vector<Trial> trials;
  TextFile file(path);
  bool kaldi = false;
  for (auto words = file.next(); !words.empty(); words = file.next()) {
    const bool may_be_kaldi = words.size() == 3 && is_answer(words[2]);
    if (trials.empty()) kaldi = may_be_kaldi;
    if (kaldi && may_be_kaldi)
      trials.push_back({std::string(words[0]), std::string(words[1]), words[2] == "target"});
    else if (!kaldi && words.size() == 3 && is_digit(words[0]))
      trials.push_back({std::string(words[1]), std::string(words[2]), words[0] == "1"});
    else if (trials.empty())
      file.refuse("expected \"1|0 enrol test\" or \"enrol test target|nontarget\"");
    else
      file.refuse(kaldi ? "expected \"enrol test target|nontarget\", as before"
                        : "expected \"1|0 enrol test\", as before");
  }
  refuse_empty(trials.empty(), path, "trials");
  return trials;
}

std::vector<ScoredTrial> read_scores(const std::string& path) {
  std::vector<ScoredTrial> scores;
  TextFile file(path);
  for (auto words = file.next(); !words.empty(); words = file.next()) {
    if (words.size() != 4 || !is_answer(words[3]))
      file.refuse("expected \"enrol test score target|nontarget\"");
    const auto score = finite_number(words[2]);
    if (!score) file.refuse(fmt::format("expected a finite score, found \"{}\"", words[2]));
    scores.push_back(
        {{std::string(words[0]), std::string(words[1]), words[3] == "target"}, *score});
  }
  refuse_empty(scores.empty(), path, "scores");
  return scores;
}

void write_scores(const std::string& path, const std::vector<ScoredTrial>& scores) {
  std::string text;
  for (const auto& [trial, score] : scores) {
    check_writable(path, trial.enrol);
    check_writable(path, trial.test);
    if (!std::isfinite(score))
      throw Error(Fault::numeric, fmt::format("{}: the score of {} and {} is not finite", path,
                                              trial.enrol, trial.test));
    fmt::format_to(std::back_inserter(text), "{} {} {} {}\n", trial.enrol, trial.test, score,
                   trial.target ? "target" : "nontarget");
  }
  write_file(path, text);
}

}  // namespace twinear
