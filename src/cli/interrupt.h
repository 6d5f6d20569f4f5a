// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace twinear::cli {

/// While it lives, the first SIGINT (Ctrl-C) or SIGTERM is remembered, so that work can be saved;
/// the second one ends the program as usual. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int signal() const noexcept;  ///< the one that came, or 0
};

}  // namespace twinear::cli
