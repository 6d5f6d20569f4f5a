// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <dnnl.hpp>
#include <unordered_map>

#include "base/threads.h"

namespace twinear::onednn {

const dnnl::engine& cpu();  ///< The engine of all primitives, for any thread.
dnnl::stream& stream();     ///< The stream of the calling thread.

/// Gives scratch memory of the calling thread for one primitive, valid until the next call.
/// oneDNN's own is shared between threads that execute the same primitive at once, and then gives
/// wrong results without an error.
dnnl::memory scratchpad(const dnnl::memory::desc& desc);

/// While it lives, oneDNN runs on the calling thread alone, and no signal is delivered to that
/// thread. The sgemm of oneDNN 2.6 keeps its stack pointer in heap memory while it runs, where the
/// frame of a signal handler would overwrite what lies below. Its matmul and its convolutions fall
/// back to that sgemm, so that no work of oneDNN may run outside of such a scope.
class KernelScope {
 public:
  KernelScope();
  ~KernelScope();
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  WorkerScope worker_;
  sigset_t signals_before_;
};

/// Runs a primitive in a KernelScope and waits for its end.
void execute(const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments);

/// Describes a tensor of floats.
inline dnnl::memory::desc f32(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

/// Views memory that oneDNN takes as non-const, whether it writes to it or not.
inline dnnl::memory view(const dnnl::memory::desc& desc, const void* data) {
  return {desc, cpu(), const_cast<void*>(data)};
}

}  // namespace twinear::onednn
