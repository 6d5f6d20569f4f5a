// SPDX-License-Identifier: Apache-2.0
// A program of its own, as it counts what every `new` of the process asks for.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "features/golden_signal.h"
#include "twinear/features.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (size + alignment) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// g++ sees the one of a pair inlined and not the other.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace twinear {
namespace {

/// Allocations that the frames of so many seconds take, once their thread has had a clip before.
std::size_t allocations_for(const LogMel& log_mel, std::size_t seconds) {
  const auto clip = golden_signal(seconds * 16000);
  const std::span<const float> samples(clip);
  log_mel(samples.first(16000));
  const std::size_t before = allocations;
  log_mel(samples);
  return allocations - before;
}

TEST(LogMel, AllocatesNothingForAFrame) {
  for (const char* preset : {"kaldi", "sherpa", "torchaudio"}) {
    const LogMel log_mel(front_end_preset(preset));
    const std::size_t few = allocations_for(log_mel, 1);
    EXPECT_GT(few, 0U);  // the result, and where the work is done
    EXPECT_EQ(allocations_for(log_mel, 30), few) << preset;
  }
  const LogMel normed({.dither = 1.0, .norm = Norm::per_bin});
  EXPECT_EQ(allocations_for(normed, 30), allocations_for(normed, 1));
  const LogMel by_kissfft({.fft_size = 441});
  EXPECT_EQ(allocations_for(by_kissfft, 30), allocations_for(by_kissfft, 1));
}

}  // namespace
}  // namespace twinear
