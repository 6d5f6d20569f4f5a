// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Stands before a function with a loop that the compiler vectorizes. The function is compiled for
/// AVX-512, AVX2 and the baseline; the loader of the program chooses one. Functions that it calls
/// must be inlined. The macro is empty under sanitizers, which would instrument the resolvers
/// before they are ready, and where a test defines TWINEAR_ONE_SIMD to use one instruction set.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TWINEAR_ONE_SIMD)
#define TWINEAR_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TWINEAR_SIMD
#endif
