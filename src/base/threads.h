// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace twinear {

/// Bounds the threads of the whole process while it lives; 0 means all allowed cores.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct Control;
  std::unique_ptr<Control> control_;
};

/// While it lives this thread is a worker: oneDNN runs alone in it (OpenMP capped at one) and
/// denormals are zero. Both are put back as they were; nesting is free.
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

/// task(0) ... task(n - 1), each once, in any order, on the allowed threads, each in a
/// WorkerScope. Tasks write to their own slots. Of the tasks that throw, the exception of the
/// lowest number is thrown, at any number of threads; higher ones may then be left out.
void parallel_for(std::size_t n, const std::function<void(std::size_t)>& task);

/// Runs the task; while its thread waits in it for others, it takes up no work from outside of it.
void isolated(const std::function<void()>& task);

/// Work that runs beside the caller where a thread is free, and at the latest in wait().
class Background {
 public:
  Background();
  ~Background();  ///< waits, and swallows what the task threw
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  void run(std::function<void()> task);
  void wait();  ///< throws what the task threw

 private:
  struct Group;
  std::unique_ptr<Group> group_;
};

}  // namespace twinear
