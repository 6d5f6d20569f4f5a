// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace twinear {

/// The lines of log.jsonl, which a resumed run cuts back to where it takes over.
class RunLog {
 public:
  RunLog(std::string path, std::uint64_t resumed_at);

  /// Throws Error (io) where it cannot be written.
  void line(const std::string& json);

 private:
  std::string path_;
  std::ofstream out_;
};

}  // namespace twinear
