// SPDX-License-Identifier: Apache-2.0
#include "twinear/trials.h"

#include "data/text.h"

namespace twinear {
namespace {

bool is_answer(std::string_view word) { return word == "target" || word == "nontarget"; }
bool is_digit(std::string_view word) { return word == "0" || word == "1"; }

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
      file.refuse("expected \"1|0 enroll test\" or \"enroll test target|nontarget\"");
    else
      file.refuse(kaldi ? "expected \"enroll test target|nontarget\", as in the lines before"
                        : "expected \"1|0 enroll test\", as in the lines before");
  }
  if (trials.empty()) throw Error(Fault::format, path + ": no trials");
  return trials;
}

}  // namespace twinear
