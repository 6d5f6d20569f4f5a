// SPDX-License-Identifier: Apache-2.0
#include "nn/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace twinear::nn {

MemoryPlan plan_memory(const std::vector<Lifetime>& pieces) {
  constexpr std::size_t line = 64;
  const auto size = [&](std::size_t i) { return (pieces[i].bytes + line - 1) / line * line; };
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), size);

  MemoryPlan plan{std::vector<std::size_t>(pieces.size()), 0};
  std::vector<std::size_t> placed;  // pieces in the order of their begins
  for (const std::size_t i : order) {
    std::size_t begin = 0;
    for (const std::size_t other : placed) {
      const bool at_once =
          pieces[i].first <= pieces[other].last && pieces[other].first <= pieces[i].last;
      if (!at_once) continue;
      if (plan.begins[other] >= begin + size(i)) break;
      begin = std::max(begin, plan.begins[other] + size(other));
    }
    plan.begins[i] = begin;
    plan.bytes = std::max(plan.bytes, begin + size(i));
    placed.insert(
        std::ranges::upper_bound(placed, begin, {}, [&](std::size_t p) { return plan.begins[p]; }),
        i);
  }
  return plan;
}

}  // namespace twinear::nn
