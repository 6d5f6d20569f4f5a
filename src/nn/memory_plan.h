// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace twinear::nn {

/// A piece of memory and the steps that need it, both included.
struct Lifetime {
  std::size_t bytes = 0;
  std::size_t first = 0, last = 0;
};

/// Where each piece begins, on cache lines. Pieces that are needed at once never overlap.
struct MemoryPlan {
  std::vector<std::size_t> begins;
  std::size_t bytes = 0;  ///< of all together
};

/// Places the largest piece first, each at the lowest place that is free while it is needed.
MemoryPlan plan_memory(const std::vector<Lifetime>& pieces);

}  // namespace twinear::nn
