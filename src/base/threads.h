// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "twinear/threads.h"

namespace twinear {

/// Makes the current thread a worker while it lives: OpenMP, and with it oneDNN, uses one thread,
/// and denormals are flushed to zero. Restores both at its end. Scopes may be nested.
class WorkerScope {
 public:
  WorkerScope();
  ~WorkerScope();
  WorkerScope(const WorkerScope&) = delete;
  WorkerScope& operator=(const WorkerScope&) = delete;

 private:
  int openmp_threads_;
  unsigned control_word_;
};

/// Runs task(0) ... task(n - 1), each once and within a WorkerScope, in any order on the allowed
/// threads. Tasks must not write to the same memory. If tasks throw, the exception of the lowest
/// task is rethrown at any number of threads, and higher tasks may not run.
void parallel_for(std::size_t n, const std::function<void(std::size_t)>& task);

/// Runs `task` in an isolated region: while the task waits for parallel work of its own, this
/// thread takes no other work.
void isolated(const std::function<void()>& task);

/// Runs tasks in the background if a thread is free, and at the latest within wait().
class Background {
 public:
  Background();
  /// Waits for the tasks and ignores their exceptions.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  /// Starts a task, which runs within a WorkerScope.
  void run(std::function<void()> task);
  /// Waits for the tasks and rethrows an exception of theirs.
  void wait();

 private:
  struct Group;
  std::unique_ptr<Group> group_;
};

}  // namespace twinear
