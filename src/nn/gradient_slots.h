// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/threads.h"
#include "nn/tensor.h"

namespace twinear::nn {

/// A parameter's gradient of each part by itself. Parts run in any order on any thread; their sum
/// is taken in the order of the parts, so it is the same at any number of threads.
class GradientSlots {
 public:
  void resize(std::size_t parts, std::size_t size) {
    size_ = size;
    values_.resize(parts * size);
  }
  float* of(const MicroBatch& part) { return values_.data() + part.index * size_; }
  float* last() { return values_.data() + values_.size() - size_; }
  std::size_t size() const noexcept { return size_; }

  /// Adds every slot to the first, which is returned.
  const float* sum() {
    constexpr std::size_t block = 16384;
    parallel_for((size_ + block - 1) / block, [&](std::size_t b) {
      const std::size_t begin = b * block, end = std::min(begin + block, size_);
      for (std::size_t at = size_; at < values_.size(); at += size_)
        for (std::size_t i = begin; i < end; ++i) values_[i] += values_[at + i];
    });
    return values_.data();
  }

  void add_to(Buffer& gradient) {
    const float* total = sum();
    for (std::size_t i = 0; i < size_; ++i) gradient[i] += total[i];
  }

 private:
  std::size_t size_ = 0;
  Buffer values_;
};

inline std::size_t micro_batch_count(const Shape& shape) {
  return static_cast<std::size_t>((shape.clips + micro_batch_clips - 1) / micro_batch_clips);
}

}  // namespace twinear::nn
