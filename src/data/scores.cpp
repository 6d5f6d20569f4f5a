// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>

#include "base/files.h"
#include "data/text.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

/// use(enroll, test, score, target) for each line of a score file.
template <class Use>
void for_each_score(const std::string& path, const Use& use) {
  TextFile file(path);
  bool empty = true;
  for (;;) {
    const auto& words = file.next();
    if (words.empty()) break;
    if (words.size() != 4 || (words[3] != "target" && words[3] != "nontarget"))
      file.refuse("expected \"enroll test score target|nontarget\"");
    const auto score = finite_number(words[2]);
    if (!score) file.refuse(fmt::format("expected a finite score, found \"{}\"", words[2]));
    use(words[0], words[1], *score, words[3] == "target");
    empty = false;
  }
  if (empty) throw Error(Fault::format, path + ": no scores");
}

/// Makes a table, numbering names by their first appearance. The trials of a long list wait in a
/// queue while what their names need is on its way from memory: three times as fast.
class TableMaker {
 public:
  TableMaker() : slots_(1024) {}

  void add(std::string_view enroll, std::string_view test, double score, bool target) {
    Waiting& newest = queue_[added_ % queue_.size()];
    if (added_ >= queue_.size()) settle(newest);
    ++added_;
    newest.score = score;
    newest.target = target;
    expect(newest.enroll, enroll);
    expect(newest.test, test);
    if (added_ > queue_.size() / 2) {
      Waiting& halfway = queue_[(added_ - queue_.size() / 2) % queue_.size()];
      __builtin_prefetch(bytes_.data() + slot(halfway.enroll.hash).begin);
      __builtin_prefetch(bytes_.data() + slot(halfway.test.hash).begin);
    }
  }

  ScoreTable finish() {
    for (std::uint64_t i = added_ - std::min<std::uint64_t>(added_, queue_.size()); i < added_; ++i)
      settle(queue_[i % queue_.size()]);
    table_.names.reserve(ends_.size());
    for (std::size_t begin = 0; const std::size_t end : ends_) {
      table_.names.emplace_back(bytes_.data() + begin, end - begin);
      begin = end;
    }
    return std::move(table_);
  }

 private:
  struct Name {
    std::string text;
    std::uint64_t hash = 0;
  };
  struct Waiting {
    Name enroll, test;
    double score = 0;
    bool target = false;
  };
  static constexpr std::uint32_t nobody = ~0U;
  /// Of an open addressing table: a name's number, hash and place in `bytes_`.
  struct Slot {
    std::uint32_t number = nobody, hash = 0;
    std::uint64_t begin = 0;
  };

  Slot& slot(std::uint64_t hash) { return slots_[hash & (slots_.size() - 1)]; }

  void expect(Name& name, std::string_view text) {
    name.text = text;
    name.hash = std::hash<std::string_view>()(text);
    __builtin_prefetch(&slot(name.hash));
  }

  void settle(const Waiting& trial) {
    const std::uint32_t enroll = number(trial.enroll), test = number(trial.test);
    table_.rows.push_back({trial.score, enroll, test & 0x7fffffffU, trial.target ? 1U : 0U});
  }

  std::uint32_t number(const Name& name) {
    for (std::uint64_t at = name.hash;; ++at) {
      Slot& here = slot(at);
      if (here.number == nobody) return add_to(here, name);
      if (here.hash == static_cast<std::uint32_t>(name.hash >> 32) && is(here, name.text))
        return here.number;
    }
  }

  bool is(const Slot& slot, std::string_view name) const {
    return ends_[slot.number] - slot.begin == name.size() &&
           std::memcmp(bytes_.data() + slot.begin, name.data(), name.size()) == 0;
  }

  std::uint32_t add_to(Slot& free, const Name& name) {
    const auto number = static_cast<std::uint32_t>(ends_.size());
    free = {number, static_cast<std::uint32_t>(name.hash >> 32), bytes_.size()};
    bytes_.insert(bytes_.end(), name.text.begin(), name.text.end());
    ends_.push_back(bytes_.size());
    if (2 * ends_.size() > slots_.size()) grow();
    return number;
  }

  void grow() {
    slots_.assign(2 * slots_.size(), {});
    for (std::uint32_t i = 0; i < ends_.size(); ++i) {
      const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
      const std::uint64_t hash =
          std::hash<std::string_view>()({bytes_.data() + begin, ends_[i] - begin});
      std::uint64_t at = hash;
      while (slot(at).number != nobody) ++at;
      slot(at) = {i, static_cast<std::uint32_t>(hash >> 32), begin};
    }
  }

  ScoreTable table_;
  std::array<Waiting, 32> queue_;
  std::uint64_t added_ = 0;
  std::vector<char> bytes_;          // of all names, end to end
  std::vector<std::uint64_t> ends_;  // of each name, in `bytes_`
  std::vector<Slot> slots_;          // a power of two, at most half full
};

void check_writable(const std::string& path, const std::string& name) {
  if (name.empty() || name.find_first_of(" \t\r\n") != std::string::npos)
    throw Error(Fault::format,
                fmt::format("{}: the name \"{}\" cannot stand in a list of words", path, name));
}

}  // namespace

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
