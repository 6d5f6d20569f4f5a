// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a function: compiled for AVX-512, AVX2 and the baseline, chosen when the program loads.
/// For loops that the compiler vectorizes; what they call must be inlined. Sanitizers instrument
/// the resolvers, which run before they are ready, so there it means nothing; nor where a test says
/// TWINEAR_ONE_SIMD, to compile such loops for one instruction set.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TWINEAR_ONE_SIMD)
#define TWINEAR_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TWINEAR_SIMD
#endif
