// SPDX-License-Identifier: Apache-2.0
#include "base/threads.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace twinear {
namespace {

bool denormals_are_zero() {
  volatile float tiny = 1e-39F;
  return tiny * 1.0F == 0.0F;
}

TEST(ParallelFor, RunsEveryTaskOnce) {
  for (const std::size_t n : {0U, 1U, 2U, 1000U}) {
    std::vector<std::atomic<int>> times(n);
    parallel_for(n, [&](std::size_t i) { ++times[i]; });
    for (const auto& count : times) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelFor, GivesTheSameAtAnyNumberOfThreads) {
  const auto slots = [] {
    std::vector<double> values(100);
    parallel_for(values.size(), [&](std::size_t i) {
      for (int k = 1; k < 1000; ++k) values[i] += 1.0 / (static_cast<double>(i) + k);
    });
    return values;
  };
  const auto many = slots();
  const ThreadLimit one(1);
  EXPECT_EQ(slots(), many);
}

TEST(ParallelFor, ThrowsWhatOneThreadWouldThrow) {
  for (int round = 0; round < 50; ++round) try {
      parallel_for(200, [](std::size_t i) {
        if (i % 7 == 5) throw std::out_of_range(std::to_string(i));
      });
      FAIL();
    } catch (const std::out_of_range& e) {
      EXPECT_STREQ(e.what(), "5");
    }
}

TEST(ParallelFor, ThrowsWhatATaskThrew) {
  EXPECT_THROW(parallel_for(100,
                            [](std::size_t i) {
                              if (i == 41) throw std::out_of_range("41");
                            }),
               std::out_of_range);
  EXPECT_THROW(parallel_for(1, [](std::size_t) { throw std::out_of_range("0"); }),
               std::out_of_range);
  EXPECT_FALSE(denormals_are_zero());
}

TEST(ParallelFor, ATaskMayHoldAnother) {
  std::atomic<int> sum = 0;
  parallel_for(10, [&](std::size_t) { parallel_for(10, [&](std::size_t) { ++sum; }); });
  EXPECT_EQ(sum, 100);
}

TEST(ThreadLimit, OfOneKeepsEverythingInTheCallingThread) {
  const ThreadLimit one(1);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(200, [&](std::size_t) {
    const std::scoped_lock lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids, std::set{std::this_thread::get_id()});
}

TEST(ThreadLimit, OfZeroIsNone) {
  const ThreadLimit none(0);
  std::atomic<int> sum = 0;
  parallel_for(50, [&](std::size_t) { ++sum; });
  EXPECT_EQ(sum, 50);
}

TEST(WorkerScope, CapsOpenMpAndFlushesDenormalsForItsTimeOnly) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  EXPECT_FALSE(denormals_are_zero());
  {
    const WorkerScope outer;
    const WorkerScope inner;
    EXPECT_EQ(omp_get_max_threads(), 1);
    EXPECT_TRUE(denormals_are_zero());
  }
  EXPECT_EQ(omp_get_max_threads(), 3);
  EXPECT_FALSE(denormals_are_zero());
  omp_set_num_threads(before);
}

TEST(WorkerScope, HoldsInEveryTask) {
  std::vector<int> alone(200), flushed(200);
  parallel_for(alone.size(), [&](std::size_t i) {
    alone[i] = omp_get_max_threads();
    flushed[i] = denormals_are_zero() ? 1 : 0;
  });
  EXPECT_EQ(alone, std::vector<int>(200, 1));
  EXPECT_EQ(flushed, std::vector<int>(200, 1));
}

TEST(Background, HasRunAfterWait) {
  for (const int threads : {0, 1}) {
    const ThreadLimit limit(threads);
    Background background;
    int result = 0;
    background.run([&] { result = 42; });
    background.wait();
    EXPECT_EQ(result, 42);
  }
}

TEST(Background, WaitThrowsWhatTheTaskThrew) {
  Background background;
  background.run([] { throw std::out_of_range("late"); });
  EXPECT_THROW(background.wait(), std::out_of_range);
}

TEST(Background, ADestructorWaitsAndSwallows) {
  std::atomic<bool> done = false;
  {
    Background background;
    background.run([&] {
      done = true;
      throw std::out_of_range("nobody hears");
    });
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace twinear
