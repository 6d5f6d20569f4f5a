// SPDX-License-Identifier: Apache-2.0
#include "twinear/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/random.h"
#include "data/clip_lists.h"
#include "twinear/error.h"

namespace twinear {

Sampler::Sampler(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed,
                 std::vector<double> weights)
    : clips_of_(clips_by_label(manifest)),
      options_(options),
      seed_(seed),
      weights_(std::move(weights)) {
  const std::size_t labels = clips_of_.size();
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    if (manifest.label_of[i] == no_label) clips_of_.push_back({i});
  if (options.labels < 2 || options.clips < 1)
    throw Error(Fault::config,
                fmt::format("sampler: expected at least 2 labels x 1 clip, found {} x {}",
                            options.labels, options.clips));
  if (clips_of_.size() < static_cast<std::size_t>(options.labels))
    throw Error(Fault::config,
                fmt::format("sampler: a batch needs {} labels; the manifest has {}{}",
                            options.labels, labels,
                            labels == clips_of_.size() ? ""
                                                       : fmt::format(" and {} clips without one",
                                                                     clips_of_.size() - labels)));
  if (!weights_.empty() && weights_.size() != clips_of_.size())
    throw std::invalid_argument(
        "Sampler: expected one weight for each label and each clip without one");
  if (options.draw == LabelDraw::proportional) {
    weights_.resize(clips_of_.size(), 1.0);
    for (std::size_t i = 0; i < weights_.size(); ++i)
      weights_[i] *= static_cast<double>(clips_of_[i].size());
  }
}

/// Draws the labels of batch k, `count` of them.
std::vector<std::size_t> Sampler::draw(std::uint64_t k, std::size_t count) const {
  const auto stream = [&](std::uint64_t number) {
    return Random(seed_, Purpose::label_order, static_cast<std::uint32_t>(number),
                  static_cast<std::uint32_t>(number >> 32));
  };
  std::vector<std::size_t> order(clips_of_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (weights_.empty()) {
    const std::size_t batches_a_pass = order.size() / count;
    stream(k / batches_a_pass).shuffle(std::span(order));
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(k % batches_a_pass * count);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
  }
  // The smallest values of -ln(u) / weight are a weighted draw without replacement (Efraimidis and
  // Spirakis 2006).
  Random random = stream(k);
  std::vector<double> wait;
  for (const double weight : weights_) wait.push_back(-std::log1p(-random.uniform()) / weight);
  std::ranges::sort(order, {}, [&](std::size_t label) { return std::pair(wait[label], label); });
  order.resize(count);
  return order;
}

std::vector<std::size_t> Sampler::batch(std::uint64_t k, const Neighbors& neighbors) const {
  const auto all = static_cast<std::size_t>(options_.labels);
  const auto hard =
      neighbors.empty() ? 0 : static_cast<std::size_t>(options_.hard * options_.labels);
  std::vector<std::size_t> labels = draw(k, all - hard);
  for (std::size_t i = 0; i < hard; ++i)
    for (const int near : neighbors[labels[i]])
      if (const auto label = static_cast<std::size_t>(near);
          std::ranges::count(labels, label) == 0) {
        labels.push_back(label);
        break;
      }

  const auto clips = static_cast<std::size_t>(options_.clips);
  std::vector<std::size_t> batch;
  for (const std::size_t label : labels) {
    auto candidates = clips_of_[label];
    Random(seed_, Purpose::clip_order, static_cast<std::uint32_t>(k),
           static_cast<std::uint32_t>(label))
        .shuffle(std::span(candidates));
    for (std::size_t i = 0; i < clips; ++i) batch.push_back(candidates[i % candidates.size()]);
  }
  return batch;
}

}  // namespace twinear
