// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <thread>

namespace twinear {

/// While it lives, signals are sent to this process, one after the other.
class SignalStorm {
 public:
  SignalStorm() {
    handled_ = astray_ = 0;
    pthread_attr_t attributes;
    void* lowest = nullptr;
    ::pthread_getattr_np(::pthread_self(), &attributes);
    ::pthread_attr_getstack(&attributes, &lowest, &stack_size_);
    ::pthread_attr_destroy(&attributes);
    stack_ = static_cast<const char*>(lowest);
    struct sigaction action {};
    action.sa_handler = [](int) { note(static_cast<const char*>(__builtin_frame_address(0))); };
    ::sigaction(SIGUSR1, &action, &before_);
    sender_ = std::thread([this] {
      sigset_t signals;  // which other threads are to handle
      ::sigemptyset(&signals);
      ::sigaddset(&signals, SIGUSR1);
      ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
      while (!over_) {
        ::kill(::getpid(), SIGUSR1);
        std::this_thread::yield();
      }
    });
  }
  ~SignalStorm() {
    over_ = true;
    sender_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
    stack_ = nullptr;
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

  static int handled() { return handled_; }  ///< signals
  /// Signals whose handler ran on this thread, but in memory outside its stack.
  static int astray() { return astray_; }

 private:
  static void note(const char* frame) {
    ++handled_;
    if (stack_ != nullptr && (frame < stack_ || frame >= stack_ + stack_size_)) ++astray_;
  }

  inline static std::atomic<int> handled_, astray_;
  inline static thread_local const char* stack_ = nullptr;  ///< of the thread that made the storm
  inline static thread_local std::size_t stack_size_ = 0;

  struct sigaction before_ {};
  std::atomic<bool> over_ = false;
  std::thread sender_;
};

}  // namespace twinear
