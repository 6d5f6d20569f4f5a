// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace twinear::cli {

/// While an Interrupt lives, the first SIGINT (Ctrl-C) or SIGTERM is only remembered, so that work
/// can be saved; the second one ends the program as usual. At most one may live at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int signal() const noexcept;  ///< the signal that came, or 0
};

}  // namespace twinear::cli
