// SPDX-License-Identifier: Apache-2.0
#include "twinear/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "linalg/lasting_buffers.h"

namespace twinear::nn {
namespace {

/// Sizes in bytes on both sides of what is shared, of huge pages and of their regions.
constexpr std::size_t sizes[]{4,       64,      4092,    4096,    5000,    65536,
                              1 << 20, 1 << 21, 3 << 20, 4194300, 4194304, 9 << 20};

/// Whether a buffer still holds the number that it was filled with.
bool is_full_of(const Buffer& buffer, float number) {
  return std::ranges::all_of(buffer, [&](float x) { return x == number; });
}

TEST(Buffer, EachBeginsOnACacheLineAndHoldsZeros) {
  const LastingBuffers together;
  for (int round = 0; round < 2; ++round)  // the second may get the memory of the first
    for (const std::size_t bytes : sizes) {
      Buffer buffer(bytes / sizeof(float));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U) << bytes;
      EXPECT_TRUE(is_full_of(buffer, 0)) << bytes;
      std::ranges::fill(buffer, 1.0F);
    }
}

TEST(Buffer, NoneTouchesAnotherWhateverTheOrderInWhichTheyGo) {
  parallel_for(4, [](std::size_t thread) {
    Random random(thread, Purpose::selftest);
    std::optional<LastingBuffers> together;
    std::vector<Buffer> held;
    const auto number = [&](std::size_t i) { return static_cast<float>(1000 * thread + i); };
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < 60; ++i) {
      if (i % 10 == 0) together.emplace();
      if (i % 10 == 7) together.reset();
      const std::size_t bytes = sizes[static_cast<std::size_t>(random.uniform() * 9)];
      held.emplace_back(bytes / sizeof(float), number(i));
      numbers.push_back(i);
      if (held.size() < 12) continue;
      const auto at = static_cast<std::size_t>(random.uniform() * 12);
      ASSERT_TRUE(is_full_of(held[at], number(numbers[at])));
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
      numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (std::size_t k = 0; k < held.size(); ++k)
      EXPECT_TRUE(is_full_of(held[k], number(numbers[k])));
  });
}

TEST(Buffer, LastingOnesLieOneBehindTheOther) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the address sanitizer sees the ends of buffers that lie apart";
#endif
  const LastingBuffers together;
  const Buffer first(100), second(100), third(5000);
  EXPECT_EQ(second.data() - first.data(), 112);  // whole cache lines
  EXPECT_EQ(third.data() - second.data(), 112);
}

}  // namespace
}  // namespace twinear::nn
