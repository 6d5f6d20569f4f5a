// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

inline std::size_t bytes_of(const Matrix& matrix) { return matrix.values().size_bytes(); }
inline std::size_t bytes_of(const std::vector<float>& sound) {
  return sound.size() * sizeof(float);
}

/// Caches values that are identified by a number. Threads may share a cache.
template <class Value>
class Cache {
 public:
  /// For values 0 ... count - 1, of which at most `budget` bytes are cached.
  Cache(std::size_t count, std::size_t budget) : free_bytes_(budget), values_(count) {}

  /// Returns value i: the cached one, or the result of make(), which is cached while there is room.
  /// Two threads that ask for the same value at once may both call make().
  template <class Make>
  std::shared_ptr<const Value> get(std::size_t i, const Make& make) {
    {
      const std::lock_guard lock(mutex_);
      if (values_[i] != nullptr) return values_[i];
    }
    auto value = std::make_shared<const Value>(make());
    const std::size_t bytes = bytes_of(*value);
    const std::lock_guard lock(mutex_);
    if (values_[i] == nullptr && bytes <= free_bytes_) {
      free_bytes_ -= bytes;
      values_[i] = value;
    }
    return value;
  }

 private:
  std::mutex mutex_;
  std::size_t free_bytes_;
  std::vector<std::shared_ptr<const Value>> values_;
};

}  // namespace twinear
