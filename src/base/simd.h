// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a function: compiled for AVX-512, AVX2 and the baseline, chosen when the program loads.
/// For loops that the compiler vectorises; what they call must be inlined. Sanitisers instrument
/// the resolvers, which run before they are ready, so there it means nothing.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define TWINEAR_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TWINEAR_SIMD
#endif
