// SPDX-License-Identifier: Apache-2.0
#include "train/label_centroids.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "base/state.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr const char *now_key = "labels.now", *before_key = "labels.epoch";

bool is_zero(std::span<const float> row) {
  return std::ranges::all_of(row, [](float v) { return v == 0; });
}

double dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

void LabelCentroids::add(const Matrix& embeddings, std::span<const int> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == no_label) continue;
    const auto mean = means_.row(static_cast<std::size_t>(labels[i]));
    const float share = is_zero(mean) ? 1.0F : 0.1F;
    for (std::size_t k = 0; k < mean.size(); ++k)
      mean[k] += share * (embeddings.row(i)[k] - mean[k]);
  }
}

Neighbors LabelCentroids::nearest(std::size_t count) const {
  const std::size_t n = means_.rows();
  std::vector<double> norms(n);
  for (std::size_t i = 0; i < n; ++i) norms[i] = std::sqrt(dot(means_.row(i), means_.row(i)));
  Neighbors nearest(n);
  parallel_for(n, [&](std::size_t i) {
    std::vector<std::pair<double, int>> others;  // minus the cosine
    for (std::size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      const double norm = norms[i] * norms[j];
      others.emplace_back(norm > 0 ? -dot(means_.row(i), means_.row(j)) / norm : 2.0,
                          static_cast<int>(j));
    }
    const auto end = others.begin() + static_cast<std::ptrdiff_t>(std::min(count, others.size()));
    std::partial_sort(others.begin(), end, others.end());
    for (auto other = others.begin(); other != end; ++other) nearest[i].push_back(other->second);
  });
  return nearest;
}

Neighbors HardLabels::nearest(std::size_t count) const {
  return before_ ? before_->nearest(count) : Neighbors();
}

void HardLabels::save(std::map<std::string, Matrix>& state) const {
  state[now_key] = now_.means();
  if (before_) state[before_key] = before_->means();
}

void HardLabels::restore(const std::map<std::string, Matrix>& state) {
  const std::size_t labels = now_.means().rows(), width = now_.means().cols();
  now_ = LabelCentroids(state_of(state, now_key, labels, width));
  if (state.contains(before_key))
    before_ = LabelCentroids(state_of(state, before_key, labels, width));
}

}  // namespace twinear
