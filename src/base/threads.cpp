// SPDX-License-Identifier: Apache-2.0
#include "base/threads.h"

#include <omp.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#if defined(TWINEAR_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

namespace twinear {
namespace {

#if defined(__x86_64__)
unsigned control_word() { return _mm_getcsr(); }
void set_control_word(unsigned word) { _mm_setcsr(word); }
constexpr unsigned flush_denormals = 0x8040;  // FTZ | DAZ of MXCSR
#else
unsigned control_word() { return 0; }
void set_control_word(unsigned) {}
constexpr unsigned flush_denormals = 0;
#endif

// TBB orders tasks inside its library, where the thread sanitizer cannot look. These tell it that
// what a thread did before release(mark) happens before what another one does after acquire(mark).
#if defined(TWINEAR_THREAD_SANITIZER)
void release(void* mark) { __tsan_release(mark); }
void acquire(void* mark) { __tsan_acquire(mark); }
#else
void release(void*) {}
void acquire(void*) {}
#endif

/// Makes a task run as a worker, after what was released to `begun`, and releases it to `ended`.
class TaskScope {
 public:
  TaskScope(void* begun, void* ended) : ended_(ended) { acquire(begun); }
  ~TaskScope() { release(ended_); }
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

 private:
  void* ended_;
  WorkerScope worker_;
};

}  // namespace

struct ThreadLimit::Control {
  explicit Control(std::size_t n) : global(tbb::global_control::max_allowed_parallelism, n) {}
  tbb::global_control global;
};

ThreadLimit::ThreadLimit(int threads) {
  if (threads > 0) control_ = std::make_unique<Control>(static_cast<std::size_t>(threads));
}
ThreadLimit::~ThreadLimit() = default;

WorkerScope::WorkerScope() : openmp_threads_(omp_get_max_threads()), control_word_(control_word()) {
  if (openmp_threads_ != 1) omp_set_num_threads(1);
  set_control_word(control_word_ | flush_denormals);
}

WorkerScope::~WorkerScope() {
  if (openmp_threads_ != 1) omp_set_num_threads(openmp_threads_);
  set_control_word(control_word_);
}

void parallel_for(std::size_t n, const std::function<void(std::size_t)>& task) {
  if (n == 1) {
    const WorkerScope worker;
    return task(0);
  }
  // The lowest of the tasks that throw is the one that would throw on a single thread.
  std::atomic<std::size_t> failed{n};
  std::exception_ptr failure;
  std::mutex mutex;
  char begun = 0, ended = 0;  // marks
  release(&begun);
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, n, 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        const TaskScope scope(&begun, &ended);
        for (std::size_t i = range.begin(); i != range.end() && i < failed; ++i) try {
            task(i);
          } catch (...) {
            const std::lock_guard lock(mutex);
            if (i > failed) return;
            failed = i;
            failure = std::current_exception();
          }
      },
      tbb::simple_partitioner{});
  acquire(&ended);
  if (failure) std::rethrow_exception(failure);
}

void isolated(const std::function<void()>& task) {
  tbb::this_task_arena::isolate([&] { task(); });
}

struct Background::Group {
  tbb::task_group tasks;
};

Background::Background() : group_(std::make_unique<Group>()) {}

Background::~Background() {
  try {
    wait();
  } catch (...) {  // a destructor cannot report it
  }
}

void Background::run(std::function<void()> task) {
  release(this);
  group_->tasks.run([this, task = std::move(task)] {
    const TaskScope scope(this, this);
    task();
  });
}

void Background::wait() {
  group_->tasks.wait();
  acquire(this);
}

}  // namespace twinear
