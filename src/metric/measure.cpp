// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "twinear/loss.h"

namespace twinear {
namespace {

Matrix rows_of(const Matrix& all, const std::vector<std::size_t>& rows) {
  Matrix some(rows.size(), all.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::ranges::copy(all.row(rows[i]), some.row(i).begin());
  return some;
}

}  // namespace

LossValue measure(Loss& loss, const LossBatch& batch, Matrix& gradient) {
  const auto labels = batch.labels();
  if (std::ranges::find(labels, no_label) == labels.end() || loss.needs().labels != LabelUse::every)
    return loss(batch, gradient);

  std::vector<std::size_t> rows;
  std::vector<int> their_labels;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != no_label) {
      rows.push_back(i);
      their_labels.push_back(labels[i]);
    }
  if (rows.empty()) return {};
  const Matrix embeddings = rows_of(batch.embeddings(), rows);
  const Matrix teacher = batch.teacher() != nullptr ? rows_of(*batch.teacher(), rows) : Matrix();
  const auto anchors =
      static_cast<std::size_t>(std::ranges::lower_bound(rows, batch.anchors()) - rows.begin());
  Matrix slope(std::min(anchors, gradient.rows()), gradient.cols());
  const LossValue value =
      loss({embeddings, their_labels, batch.number(), anchors, &teacher}, slope);
  for (std::size_t i = 0; i < slope.rows(); ++i)
    for (std::size_t k = 0; k < slope.cols(); ++k) gradient.row(rows[i])[k] += slope.row(i)[k];
  return value;
}

}  // namespace twinear
