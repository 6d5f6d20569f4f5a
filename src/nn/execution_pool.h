// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "nn/execution.h"

namespace twinear::nn {

/// Executions for inference that are not in use, the latest first. Their number, which limits their
/// primitives, and their memory are bounded. Calls may run in parallel, except set_numbers().
class ExecutionPool {
 public:
  explicit ExecutionPool(std::size_t max_executions = 64,
                         std::size_t max_bytes = std::size_t{256} << 20U)
      : max_executions_(max_executions), max_bytes_(max_bytes) {}

  /// An execution of this shape that was put back, or a new one.
  std::unique_ptr<Execution> take(Network& network, const Shape& shape);
  void put(std::unique_ptr<Execution> execution);

  Number numbers() const noexcept { return numbers_; }
  void set_numbers(Number numbers);  ///< of executions that are taken from now on

  std::size_t size() const;
  std::size_t bytes() const;

 private:
  std::size_t max_executions_, max_bytes_;
  mutable std::mutex mutex_;
  std::list<std::unique_ptr<Execution>> executions_;
  std::size_t bytes_ = 0;
  Number numbers_ = Number::f32;
};

}  // namespace twinear::nn
