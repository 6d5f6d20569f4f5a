// SPDX-License-Identifier: Apache-2.0
#include "train/collapse.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "twinear/error.h"

namespace twinear {
namespace {

// Unit vectors without structure have a spread of about 1; a run that learns stays above a third.
constexpr double no_spread = 0.05, small_spread = 0.2;
constexpr int patience = 15;  // steps: a batch can be unlucky, fifteen in a row cannot

}  // namespace

BatchSpread measure_spread(const LossBatch& batch) {
  const std::size_t n = batch.embeddings().rows();
  const auto labels = batch.labels();
  const DistanceTable table = batch.distances(Distance::euclidean);
  BatchSpread result;
  std::size_t same = 0, different = 0;
  double squares = 0;  // over all pairs: 1/n sum |e - mean|^2 = 1/n^2 sum over pairs of d^2
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      const double d = table(i, j);
      squares += d * d;
      if (labels[i] == no_label || labels[j] == no_label) continue;
      (labels[i] == labels[j] ? result.positive : result.negative) += d;
      ++(labels[i] == labels[j] ? same : different);
    }
  if (same > 0) result.positive /= static_cast<double>(same);
  if (different > 0) result.negative /= static_cast<double>(different);
  if (n > 0) result.spread = std::sqrt(squares) / static_cast<double>(n);
  return result;
}

CollapseDetector::CollapseDetector(const Loss& loss, const SamplerOptions& sampler,
                                   OptimizerOptions optimizer, bool stop_on_collapse)
    : loss_(loss),
      sampler_(sampler),
      optimizer_(std::move(optimizer)),
      stop_on_collapse_(stop_on_collapse) {}

void CollapseDetector::see(std::uint64_t step, double loss, double gradient_norm, double spread) {
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm))
    throw Error(Fault::numeric,
                fmt::format("step {}: the {} is not finite; try a lower optimizer.learning_rate "
                            "(now {}) or optimizer.clip_norm (now {})",
                            step, std::isfinite(loss) ? "gradient" : "loss",
                            optimizer_.learning_rate, optimizer_.clip_norm));
  if (!stop_on_collapse_) return;
  const double point = loss_.value_at_collapse(sampler_.labels, sampler_.clips);
  // Hard triplets at too high a rate close in on the point's loss from above, and need not get
  // there.
  const bool no_better = point > 0 && loss > 0.98 * point;
  const bool collapsed = spread < no_spread || (no_better && spread < small_spread);
  collapsed_steps_ = collapsed ? collapsed_steps_ + 1 : 0;
  if (collapsed_steps_ < patience) return;
  const std::string advice = loss_.collapse_advice();
  throw Error(
      Fault::numeric,
      fmt::format("step {}: training has collapsed: all embeddings are nearly one point (spread "
                  "{:.3f}, loss {:.4f}{}); try a lower optimizer.learning_rate (now {}), more "
                  "optimizer.warmup_steps (now {}), encoder.pooled_norm = true{}, or "
                  "train.stop_on_collapse = false to go on",
                  step, spread, loss,
                  point > 0 ? fmt::format(", a single point has {:.4f}", point) : std::string(),
                  optimizer_.learning_rate, optimizer_.warmup_steps,
                  advice.empty() ? "" : ", " + advice));
}

}  // namespace twinear
