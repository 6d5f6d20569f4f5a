// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "base/state.h"
#include "metric/groups.h"
#include "twinear/miner.h"

namespace twinear {
namespace {

constexpr const char *rows_key = "memory.embeddings", *labels_key = "memory.labels";

/// Appends `fresh` and drops the oldest beyond `max`.
template <class T>
void push(std::vector<T>& buffer, std::span<const T> fresh, std::size_t max) {
  buffer.insert(buffer.end(), fresh.begin(), fresh.end());
  const std::size_t over = buffer.size() - std::min(buffer.size(), max);
  buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(over));
}

}  // namespace

void EmbeddingMemory::add(const Matrix& embeddings, std::span<const int> labels) {
  check_labels("EmbeddingMemory", embeddings, labels);
  if (values_.size() != labels_.size() * embeddings.cols())
    throw std::invalid_argument("EmbeddingMemory: all embeddings must have one dimension");
  push(values_, embeddings.values(), capacity_ * embeddings.cols());
  push(labels_, labels, capacity_);
}

Matrix EmbeddingMemory::with_memory(const Matrix& batch) const {
  if (values_.size() != labels_.size() * batch.cols())
    throw std::invalid_argument("EmbeddingMemory: all embeddings must have one dimension");
  Matrix joined(batch.rows() + labels_.size(), batch.cols());
  std::ranges::copy(values_, std::ranges::copy(batch.values(), joined.values().begin()).out);
  return joined;
}

std::vector<int> EmbeddingMemory::with_memory(std::span<const int> labels) const {
  std::vector<int> joined(labels.begin(), labels.end());
  joined.insert(joined.end(), labels_.begin(), labels_.end());
  return joined;
}

std::map<std::string, Matrix> EmbeddingMemory::state() const {
  if (labels_.empty()) return {};
  Matrix rows(labels_.size(), values_.size() / labels_.size()), labels(labels_.size(), 1);
  std::ranges::copy(values_, rows.values().begin());
  std::ranges::transform(labels_, labels.values().begin(),
                         [](int label) { return static_cast<float>(label); });
  return {{rows_key, std::move(rows)}, {labels_key, std::move(labels)}};
}

void EmbeddingMemory::restore(const std::map<std::string, Matrix>& state, std::size_t width) {
  const auto rows = state.find(rows_key);
  if (rows == state.end()) return;
  const Matrix& labels = state_of(state, labels_key, rows->second.rows(), 1);
  const std::vector<int> whole(labels.values().begin(), labels.values().end());
  add(state_of(state, rows_key, whole.size(), width), whole);
}

}  // namespace twinear
