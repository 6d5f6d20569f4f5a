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

/// Values by number: made when first asked for, and kept while there is room. For any thread.
template <class Value>
class Cache {
 public:
  /// Keeps at most `budget` bytes of `count` values.
  Cache(std::size_t count, std::size_t budget) : free_bytes_(budget), values_(count) {}

  /// Value i: the one kept, or what make() gives.
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
