// SPDX-License-Identifier: Apache-2.0
// A planted race: tasks that add to one number. A build with the thread sanitizer must refuse it.
#include <cstdio>

#include "base/threads.h"

int main() {
  int sum = 0;
  twinear::parallel_for(10000, [&](std::size_t) { ++sum; });
  std::printf("%d\n", sum);
}
