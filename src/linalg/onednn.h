// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <unordered_map>

#include "twinear/buffer.h"

namespace twinear::nn {

const dnnl::engine& cpu();
dnnl::stream& stream();  ///< this thread's

/// Scratch memory of this thread for one primitive. oneDNN's own is shared between threads that
/// execute the same primitive at once, and gives wrong results without a word.
dnnl::memory scratchpad(const dnnl::memory::desc& desc);

/// Runs a primitive on this thread alone and waits for its end. Signals are blocked meanwhile:
/// oneDNN 2.6 keeps its stack pointer in heap memory during large products, where a signal handler
/// would overwrite what lies below. Every primitive is run by this function, as each may fall back
/// to those products.
void execute(const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments);

/// C = op(A) op(B), added to C where `add`: a row-major matrix of m x n, with k multiply-adds for
/// each value. `lda`, `ldb` and `ldc` are the distances between rows. Runs as execute() does.
void sgemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
           const float* a, std::int64_t lda, const float* b, std::int64_t ldb, bool add, float* c,
           std::int64_t ldc);

inline dnnl::memory::desc f32(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

/// A view of memory that oneDNN takes as non-const, whether it writes to it or not.
inline dnnl::memory view(const dnnl::memory::desc& desc, const void* data) {
  return {desc, cpu(), const_cast<void*>(data)};
}

}  // namespace twinear::nn
