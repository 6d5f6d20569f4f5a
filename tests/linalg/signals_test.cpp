// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "linalg/gemm.h"
#include "linalg/product.h"
#include "signal_storm.h"

namespace twinear {
namespace {

/// Repeats a product until signals have been handled between its calls.
template <class F>
void repeat_in_a_storm(const F& multiply) {
  const SignalStorm storm;
  for (int i = 0; i < 300 || SignalStorm::handled() < 100; ++i) {
    std::vector<std::vector<char>> neighbors;  // heap memory that a stray handler would overwrite
    for (std::size_t bytes = 100; bytes < 60000; bytes += 3000) neighbors.emplace_back(bytes);
    multiply();
  }
  EXPECT_EQ(SignalStorm::astray(), 0);
}

TEST(Signals, AreHandledOnTheStackWhileFloatsAreMultiplied) {
  constexpr std::int64_t n = 192, depth = 3000;
  const std::vector<float> a(n * depth, 1.0F), b(depth * n, 1.0F);
  std::vector<float> c(n * n);
  repeat_in_a_storm([&] {
    multiply({a.data(), n, depth, depth}, {b.data(), depth, n, n}, {c.data(), n, n, n});
    ASSERT_TRUE(std::ranges::count(c, 1.0F * depth) == n * n);
  });
}

TEST(Signals, AreHandledOnTheStackWhileALargeTableIsMultiplied) {
  Table a(64, 3000), b(3000, 192);
  std::ranges::fill(a.values(), 1.0);
  std::ranges::fill(b.values(), 1.0);
  ASSERT_GE(a.values().size() * b.cols(), large_product);
  repeat_in_a_storm([&] {
    const Table c = product(a, b);
    ASSERT_TRUE(std::ranges::count(c.values(), 3000.0) == 64 * 192);
  });
}

}  // namespace
}  // namespace twinear
