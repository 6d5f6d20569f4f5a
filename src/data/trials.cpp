// SPDX-License-Identifier: Apache-2.0
#include "twinear/trials.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <utility>

#include "base/files.h"
#include "data/text.h"

namespace twinear {
namespace {

bool is_answer(std::string_view word) { return word == "target" || word == "nontarget"; }
bool is_digit(std::string_view word) { return word == "0" || word == "1"; }

/// Calls use(enroll, test, score, target) for each line of a score file.
template <class Use>
void for_each_score(const std::string& path, const Use& use) {
  TextFile file(path);
  bool empty = true;
  for (;;) {
    const auto& words = file.next();
    if (words.empty()) break;
    if (words.size() != 4 || !is_answer(words[3]))
      file.refuse("expected \"enroll test score target|nontarget\"");
    const auto score = finite_number(words[2]);
    if (!score) file.refuse(fmt::format("expected a finite score, found \"{}\"", words[2]));
    use(words[0], words[1], *score, words[3] == "target");
    empty = false;
  }
  if (empty) throw Error(Fault::format, path + ": no scores");
}

/// Makes a table. Names are numbered in the order in which they first appear, and are looked up in
/// a hash table with open addressing: it reads two places in memory where std::unordered_map reads
/// four, so that a long list is read in half the time.
class TableMaker {
 public:
  void add(std::string_view enroll, std::string_view test, double score, bool target) {
    const std::uint32_t from = number(enroll), to = number(test);
    table_.rows.push_back({score, from, to & 0x7fffffffU, target ? 1U : 0U});
  }

  ScoreTable finish() {
    table_.names.resize(count_);
    for (const Slot& slot : slots_)
      if (slot.number != none) table_.names[slot.number].assign(bytes_, slot.begin, slot.size);
    return std::move(table_);
  }

 private:
  static constexpr std::uint32_t none = ~0U;
  /// A name and its number, which is `none` in a free slot.
  struct Slot {
    std::uint64_t begin = 0;  // of the name in bytes_
    std::uint32_t size = 0, hash = 0, number = none;
  };

  std::uint32_t number(std::string_view name) {
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>()(name));
    Slot* slot = &slot_of(hash, name);
    if (slot->number != none) return slot->number;
    if (++count_ > slots_.size() / 2) {
      grow();
      slot = &slot_of(hash, name);
    }
    *slot = {bytes_.size(), static_cast<std::uint32_t>(name.size()), hash, count_ - 1};
    bytes_ += name;
    return slot->number;
  }

  /// The slot that holds the name, or the free one where it belongs.
  Slot& slot_of(std::uint32_t hash, std::string_view name) {
    for (std::size_t at = hash;; ++at) {
      Slot& slot = slots_[at & (slots_.size() - 1)];
      if (slot.number == none ||
          (slot.hash == hash && slot.size == name.size() &&
           std::memcmp(bytes_.data() + slot.begin, name.data(), name.size()) == 0))
        return slot;
    }
  }

  void grow() {
    const std::vector<Slot> smaller = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (const Slot& slot : smaller)
      if (slot.number != none) {
        std::size_t at = slot.hash;
        while (slots_[at & (slots_.size() - 1)].number != none) ++at;
        slots_[at & (slots_.size() - 1)] = slot;
      }
  }

  ScoreTable table_;
  std::string bytes_;                                  // all names, end to end
  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // a power of two, at most half of them taken
  std::uint32_t count_ = 0;                            // of names
};

void check_writable(const std::string& path, const std::string& name) {
  if (name.empty() || name.find_first_of(" \t\r\n") != std::string::npos)
    throw Error(
        Fault::format,
        fmt::format(
            "{}: the name \"{}\" is empty or has a blank, which a list of words cannot hold", path,
            name));
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
      file.refuse("expected \"1|0 enroll test\" or \"enroll test target|nontarget\"");
    else
      file.refuse(kaldi ? "expected \"enroll test target|nontarget\", as in the lines before"
                        : "expected \"1|0 enroll test\", as in the lines before");
  }
  if (trials.empty()) throw Error(Fault::format, path + ": no trials");
  return trials;
}

std::vector<ScoredTrial> read_scores(const std::string& path) {
  std::vector<ScoredTrial> scores;
  for_each_score(path,
                 [&](std::string_view enroll, std::string_view test, double score, bool target) {
                   scores.push_back({{std::string(enroll), std::string(test), target}, score});
                 });
  return scores;
}

ScoreTable read_score_table(const std::string& path) {
  TableMaker maker;
  for_each_score(path, [&](std::string_view enroll, std::string_view test, double score,
                           bool target) { maker.add(enroll, test, score, target); });
  return maker.finish();
}

ScoreTable make_score_table(std::span<const ScoredTrial> trials) {
  TableMaker maker;
  for (const auto& [trial, score] : trials)
    maker.add(trial.enroll, trial.test, score, trial.target);
  return maker.finish();
}

void write_scores(const std::string& path, const std::vector<ScoredTrial>& scores) {
  std::string text;
  for (const auto& [trial, score] : scores) {
    check_writable(path, trial.enroll);
    check_writable(path, trial.test);
    if (!std::isfinite(score))
      throw Error(Fault::numeric, fmt::format("{}: the score of {} and {} is not finite", path,
                                              trial.enroll, trial.test));
    fmt::format_to(std::back_inserter(text), "{} {} {} {}\n", trial.enroll, trial.test, score,
                   trial.target ? "target" : "nontarget");
  }
  write_file(path, text);
}

}  // namespace twinear
