// SPDX-License-Identifier: Apache-2.0
#include "train/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/state.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr const char *learned_key = "loss.learned", *rows_key = "memory.embeddings",
                     *labels_key = "memory.labels";

/// How many clips of a label make a batch useful to a loss.
struct Need {
  int clips;
  const char* why;
};

Need need(const Objective& o) {
  if (o.kind == "aam-softmax") return {1, "any clip can be classified"};
  if (o.kind == "angular-prototypical")
    return {2, "one clip of a label is the query, its others the prototype"};
  if (o.kind == "ge2e") return {2, "a clip's own centroid is made of its label's other clips"};
  if (o.kind == "prototypical")
    return {o.prototypical.shots + 1, "shots clips support a label, and at least one asks for it"};
  return {2, "a clip needs another of its label to come close to"};
}

bool mines(const Objective& o) { return o.kind == "triplet" || o.kind == "contrastive"; }

LossParameters parameters(const Objective& o, std::size_t classes, std::size_t width,
                          std::uint64_t seed) {
  if (o.kind == "angular-prototypical" || o.kind == "ge2e") return logit_parameters(o.logit);
  if (o.kind == "aam-softmax") return class_parameters(classes, o.aam.sub_centers, width, seed);
  return {};
}

}  // namespace

bool has_margin(const Objective& o) { return mines(o) || o.kind == "aam-softmax"; }

Objective with_margin(Objective o, float margin) {
  (o.kind == "aam-softmax" ? o.aam.margin : o.margin) = margin;
  return o;
}

void check_batches(const Objective& objective, const SamplerOptions& sampler) {
  const auto [clips, why] = need(objective);
  if (sampler.clips < clips)
    throw Error(Fault::config, fmt::format("loss.kind = \"{}\" needs sampler.clips of at least {}, "
                                           "found {}: {}",
                                           objective.kind, clips, sampler.clips, why));
}

double collapsed_loss(const Objective& o, const SamplerOptions& sampler) {
  if (o.kind == "triplet")
    return o.form == TripletForm::soft ? std::numbers::ln2 : static_cast<double>(o.margin);
  if (o.kind == "supcon") return std::log(sampler.labels * sampler.clips - 1);
  // Of the others that choose one of the batch's labels, each is as likely as the next.
  const bool classes_or_pairs = o.kind == "aam-softmax" || o.kind == "contrastive";
  return classes_or_pairs ? 0 : std::log(sampler.labels);
}

Criterion::Criterion(const Objective& objective, std::size_t classes, std::size_t width,
                     std::uint64_t seed)
    : objective_(objective),
      width_(width),
      seed_(seed),
      parameters_(parameters(objective, classes, width, seed)),
      memory_(mines(objective) ? static_cast<std::size_t>(objective.memory) : 0) {}

LossValue Criterion::operator()(const Matrix& embeddings, std::span<const int> labels,
                                std::uint32_t step, Matrix& gradient) {
  const Objective& o = objective_;
  if (o.kind == "angular-prototypical")
    return angular_prototypical_loss(embeddings, labels, parameters_, gradient);
  if (o.kind == "prototypical")
    return prototypical_loss(embeddings, labels, o.prototypical, gradient);
  if (o.kind == "ge2e") return ge2e_loss(embeddings, labels, parameters_, gradient);
  if (o.kind == "aam-softmax")
    return aam_softmax_loss(embeddings, labels, o.aam, parameters_, gradient);
  if (o.kind == "supcon")
    return supervised_contrastive_loss(embeddings, labels, o.temperature, gradient);
  const LossValue loss = mined(memory_.behind(embeddings), memory_.behind(labels), step, gradient);
  memory_.add(embeddings, labels);
  return loss;
}

LossValue Criterion::mined(const Matrix& embeddings, std::span<const int> labels,
                           std::uint32_t step, Matrix& gradient) const {
  const Objective& o = objective_;
  const MiningOptions mining{.margin = o.margin,
                             .distance = o.distance,
                             .seed = seed_,
                             .step = step,
                             .anchors = gradient.rows()};
  if (o.kind == "contrastive")
    return contrastive_loss(embeddings, mine_pairs(embeddings, labels, o.pairs, mining), o.margin,
                            gradient);
  const TripletOptions options{.form = o.form, .margin = o.margin, .distance = o.distance};
  if (o.triplets == TripletMining::batch_all)
    return batch_all_triplet_loss(embeddings, labels, options, o.mean, gradient);
  return triplet_loss(embeddings, mine_triplets(embeddings, labels, o.triplets, mining), options,
                      gradient);
}

std::vector<nn::Learned> Criterion::learned() {
  if (parameters_.value.rows() == 0) return {};
  return {{learned_key, parameters_.value.values(), parameters_.gradient.values()}};
}

std::map<std::string, Matrix> Criterion::state() const {
  std::map<std::string, Matrix> state;
  if (parameters_.value.rows() > 0) state[learned_key] = parameters_.value;
  const auto labels = memory_.behind(std::span<const int>());
  if (labels.empty()) return state;
  state[rows_key] = memory_.behind(Matrix(0, width_));
  auto& as_floats = state[labels_key] = Matrix(labels.size(), 1);  // exact up to 2^24 labels
  std::ranges::transform(labels, as_floats.values().begin(),
                         [](int label) { return static_cast<float>(label); });
  return state;
}

void Criterion::restore(const std::map<std::string, Matrix>& state) {
  Matrix& learned = parameters_.value;  // copied to where it is: the optimizer looks there
  if (learned.rows() > 0)
    std::ranges::copy(state_of(state, learned_key, learned.rows(), learned.cols()).values(),
                      learned.values().begin());
  const auto kept = state.find(rows_key);
  if (kept == state.end()) return;
  const Matrix labels = state_of(state, labels_key, kept->second.rows(), 1);
  const std::vector<int> whole(labels.values().begin(), labels.values().end());
  memory_.add(state_of(state, rows_key, whole.size(), width_), whole);
}

}  // namespace twinear
