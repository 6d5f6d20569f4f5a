// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "twinear/miner.h"

namespace twinear {
namespace {

/// Takes in what is new and forgets the oldest beyond `most`.
template <class T>
void push(std::vector<T>& kept, std::span<const T> fresh, std::size_t most) {
  kept.insert(kept.end(), fresh.begin(), fresh.end());
  const std::size_t over = kept.size() - std::min(kept.size(), most);
  kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(over));
}

}  // namespace

void EmbeddingMemory::add(const Matrix& embeddings, std::span<const int> labels) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument("EmbeddingMemory: one label per embedding");
  if (values_.size() != labels_.size() * embeddings.cols())
    throw std::invalid_argument("EmbeddingMemory: rows of one width");
  push(values_, embeddings.values(), capacity_ * embeddings.cols());
  push(labels_, labels, capacity_);
}

Matrix EmbeddingMemory::behind(const Matrix& batch) const {
  if (values_.size() != labels_.size() * batch.cols())
    throw std::invalid_argument("EmbeddingMemory: rows of one width");
  Matrix joined(batch.rows() + labels_.size(), batch.cols());
  std::ranges::copy(values_, std::ranges::copy(batch.values(), joined.values().begin()).out);
  return joined;
}

std::vector<int> EmbeddingMemory::behind(std::span<const int> labels) const {
  std::vector<int> joined(labels.begin(), labels.end());
  joined.insert(joined.end(), labels_.begin(), labels_.end());
  return joined;
}

}  // namespace twinear
