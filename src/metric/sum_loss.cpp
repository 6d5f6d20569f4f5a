// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "base/settings.h"
#include "metric/loss_keys.h"
#include "twinear/error.h"
#include "twinear/loss.h"

namespace twinear {
namespace {

/// A loss that counts with a weight.
struct Term {
  std::string kind = "triplet", made = {};  // `made` is the kind of `loss`
  double weight = 1;
  std::unique_ptr<Loss> loss = {};
};

void fields(Fields& f, Term& term) {
  auto kinds = losses().names();
  std::erase(kinds, "sum");
  f.one_of({"kind", "", "a loss"}, term.kind, kinds);
  f.number({"weight", "", "its factor"}, term.weight, 0.0, 1e6);
  if (term.made != term.kind) term.loss = losses().find(term.kind).make();
  term.made = term.kind;
  term.loss->keys(f);
}

bool mines(const Term& term) { return !values_of(MiningKeys{*term.loss}).empty(); }

/// sum += weight * slope, value by value.
void add(const Matrix& slope, double weight, Matrix& sum) {
  for (std::size_t i = 0; i < sum.values().size(); ++i)
    sum.values()[i] = static_cast<float>(sum.values()[i] + weight * slope.values()[i]);
}

/// The loss of a term without its weight, and with it the slope along what the term has learned.
LossValue measure(Term& term, const LossBatch& batch, Matrix& slope) {
  const auto learned = term.loss->parameters();
  std::vector<Matrix> earlier;  // gradients that batches before this one left
  for (LossParameters* p : learned) {
    earlier.push_back(p->gradient);
    std::ranges::fill(p->gradient.values(), 0.0F);  // where it lies: the optimizer looks there
  }
  const LossValue value = measure(*term.loss, batch, slope);
  for (std::size_t i = 0; i < learned.size(); ++i) {
    add(learned[i]->gradient, term.weight, earlier[i]);
    std::ranges::copy(earlier[i].values(), learned[i]->gradient.values().begin());
  }
  return value;
}

/// The sum over its terms of weight times loss.
class SumLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    f.objects({"terms", "", "the losses, each with its kind, its weight and the keys of its kind"},
              terms_);
  }
  void mining_keys(Fields& f) override {
    const auto first = std::ranges::find_if(terms_, mines);
    if (first != terms_.end()) first->loss->mining_keys(f);
  }

  void begin(const LossContext& context) override {
    if (terms_.empty()) throw Error(Fault::config, "loss.kind = \"sum\" needs loss.terms");
    if (std::ranges::count_if(terms_, mines) > 1)
      throw Error(Fault::config,
                  "loss.terms: two of them mine tuples; [mining] can be that of one loss only");
    for (Term& term : terms_) term.loss->begin(context);
  }

  BatchNeed needs() const override {
    BatchNeed all{1, "a term may need more"};
    if (!terms_.empty()) all.labels = LabelUse::none;
    std::size_t labeled = 0;
    for (const Term& term : terms_) {
      const BatchNeed need = term.loss->needs();
      if (need.clips > all.clips) std::tie(all.clips, all.why) = std::tie(need.clips, need.why);
      if (need.labels != LabelUse::none) all.labels = LabelUse::some;
      if (need.labels == LabelUse::every) ++labeled;
      all.teacher = all.teacher || need.teacher;
    }
    if (labeled > 0 && labeled == terms_.size()) all.labels = LabelUse::every;
    return all;
  }

  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    LossValue total;
    for (Term& term : terms_) {
      Matrix slope(gradient.rows(), gradient.cols());
      const LossValue value = measure(term, batch, slope);
      add(slope, term.weight, gradient);
      total.mean += term.weight * value.mean;
      total.tuples += value.tuples;
      total.active += value.active;
    }
    return total;
  }

  std::string collapse_advice() const override {
    for (const Term& term : terms_)
      if (std::string advice = term.loss->collapse_advice(); !advice.empty()) return advice;
    return "";
  }
  std::vector<Margin*> margins() override {
    return joined<Margin*>([](Loss& loss) { return loss.margins(); });
  }
  std::vector<LossParameters*> parameters() override {
    return joined<LossParameters*>([](Loss& loss) { return loss.parameters(); });
  }

  std::map<std::string, Matrix> state() const override {
    std::map<std::string, Matrix> all;
    for (std::size_t i = 0; i < terms_.size(); ++i)
      for (auto& [key, values] : terms_[i].loss->state()) all[prefix(i) + key] = values;
    return all;
  }
  void restore(const std::map<std::string, Matrix>& state) override {
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      std::map<std::string, Matrix> own;
      for (const auto& [key, values] : state)
        if (key.starts_with(prefix(i))) own[key.substr(prefix(i).size())] = values;
      terms_[i].loss->restore(own);
    }
  }

  std::optional<Matrix> toward_teacher(const Matrix& embeddings) const override {
    for (const Term& term : terms_)
      if (auto result = term.loss->toward_teacher(embeddings)) return result;
    return {};
  }

 private:
  static std::string prefix(std::size_t term) { return fmt::format("term{}.", term); }

  template <class T>
  std::vector<T> joined(const auto& of) {
    std::vector<T> all;
    for (Term& term : terms_)
      for (T item : of(*term.loss)) all.push_back(item);
    return all;
  }

  std::vector<Term> terms_;
};

}  // namespace

LossKind sum_loss_kind() {
  return loss_kind<SumLoss>("sum", "the sum of other losses, each times its weight");
}

}  // namespace twinear
