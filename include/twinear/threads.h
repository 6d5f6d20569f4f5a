// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace twinear {

/// Limits the number of threads that the whole process uses while it lives. Without a limit Twinear
/// uses every core; no result depends on the number. Of several limits the lowest holds.
class ThreadLimit {
 public:
  /// `threads` is at least 1; 0 sets no limit.
  explicit ThreadLimit(int threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct Control;
  std::unique_ptr<Control> control_;
};

}  // namespace twinear
