// SPDX-License-Identifier: Apache-2.0
#include "nn/execution_pool.h"

#include <algorithm>

namespace twinear::nn {

std::unique_ptr<Execution> ExecutionPool::take(Network& network, const Shape& shape) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        executions_, [&](const auto& execution) { return execution->input().shape == shape; });
    if (found != executions_.end()) {
      auto execution = std::move(*found);
      executions_.erase(found);
      bytes_ -= execution->bytes();
      return execution;
    }
  }
  return std::make_unique<Execution>(network, shape, Mode::inference,
                                     ExecutionOptions{.numbers = numbers_});
}

void ExecutionPool::put(std::unique_ptr<Execution> execution) {
  const std::lock_guard lock(mutex_);
  bytes_ += execution->bytes();
  executions_.push_front(std::move(execution));
  while (executions_.size() > max_executions_ || bytes_ > max_bytes_) {
    bytes_ -= executions_.back()->bytes();
    executions_.pop_back();
  }
}

void ExecutionPool::set_numbers(Number numbers) {
  const std::lock_guard lock(mutex_);
  executions_.clear();
  bytes_ = 0;
  numbers_ = numbers;
}

std::size_t ExecutionPool::size() const {
  const std::lock_guard lock(mutex_);
  return executions_.size();
}

std::size_t ExecutionPool::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace twinear::nn
