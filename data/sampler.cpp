// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <numeric>

#include "base/random.h"
#include "data/clip_lists.h"
#include "twinear/dataset.h"
#include "twinear/error.h"

namespace twinear {

Sampler::Sampler(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed)
    : clips_of_(clips_by_label(manifest)), options_(options), seed_(seed) {
  if (options.labels < 2 || options.clips < 2)
    throw Error(Fault::config,
                fmt::format("sampler: {} labels x {} clips; at least 2 x 2 are needed",
                            options.labels, options.clips));
  if (clips_of_.size() < static_cast<std::size_t>(options.labels))
    throw Error(Fault::config, fmt::format("sampler: a batch of {} labels; the manifest has {}",
                                           options.labels, clips_of_.size()));
}

std::vector<std::size_t> Sampler::batch(std::uint64_t k) const {
  const auto labels = static_cast<std::size_t>(options_.labels);
  const auto clips = static_cast<std::size_t>(options_.clips);
  const std::size_t batches_a_pass = clips_of_.size() / labels;
  const std::uint64_t pass = k / batches_a_pass;

  std::vector<std::size_t> order(clips_of_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(seed_, Purpose::label_order, static_cast<std::uint32_t>(pass),
         static_cast<std::uint32_t>(pass >> 32))
      .shuffle(std::span(order));

  std::vector<std::size_t> batch;
  for (std::size_t p = 0; p < labels; ++p) {
    const std::size_t label = order[k % batches_a_pass * labels + p];
    auto candidates = clips_of_[label];
    Random(seed_, Purpose::clip_order, static_cast<std::uint32_t>(k),
           static_cast<std::uint32_t>(label))
        .shuffle(std::span(candidates));
    for (std::size_t i = 0; i < clips; ++i) batch.push_back(candidates[i % candidates.size()]);
  }
  return batch;
}

}  // namespace twinear
