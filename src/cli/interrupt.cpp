// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace twinear::cli {
namespace {

volatile std::sig_atomic_t caught = 0;

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the first signal restores the default
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  caught = 0;
  handle([](int signal) { caught = signal; });
}

Interrupt::~Interrupt() { handle(SIG_DFL); }

int Interrupt::signal() const noexcept { return caught; }

}  // namespace twinear::cli
