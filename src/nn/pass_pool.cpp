// SPDX-License-Identifier: Apache-2.0
#include "nn/pass_pool.h"

#include <algorithm>

namespace twinear::nn {

std::unique_ptr<Pass> PassPool::take(Network& network, const Shape& shape) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        passes_, [&](const auto& pass) { return pass->input().shape == shape; });
    if (found != passes_.end()) {
      auto pass = std::move(*found);
      passes_.erase(found);
      bytes_ -= pass->bytes();
      return pass;
    }
  }
  return std::make_unique<Pass>(network, shape, Mode::inference, PassOptions{.numbers = numbers_});
}

void PassPool::put(std::unique_ptr<Pass> pass) {
  const std::lock_guard lock(mutex_);
  bytes_ += pass->bytes();
  passes_.push_front(std::move(pass));
  while (passes_.size() > max_passes_ || bytes_ > max_bytes_) {
    bytes_ -= passes_.back()->bytes();
    passes_.pop_back();
  }
}

void PassPool::set_numbers(Number numbers) {
  const std::lock_guard lock(mutex_);
  passes_.clear();
  bytes_ = 0;
  numbers_ = numbers;
}

std::size_t PassPool::size() const {
  const std::lock_guard lock(mutex_);
  return passes_.size();
}

std::size_t PassPool::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace twinear::nn
