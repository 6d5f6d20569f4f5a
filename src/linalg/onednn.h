// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dnnl.hpp>

#include "twinear/buffer.h"

namespace twinear::nn {

const dnnl::engine& cpu();
dnnl::stream& stream();  ///< this thread's

/// Scratch memory of this thread for one primitive. oneDNN's own is shared between threads that
/// execute the same primitive at once, and gives wrong results without a word.
dnnl::memory scratchpad(const dnnl::memory::desc& desc);

inline dnnl::memory::desc f32(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

/// A view of memory that oneDNN takes as non-const, whether it writes to it or not.
inline dnnl::memory view(const dnnl::memory::desc& desc, const void* data) {
  return {desc, cpu(), const_cast<void*>(data)};
}

}  // namespace twinear::nn
