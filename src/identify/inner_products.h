// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace twinear {

/// <a, b> in double, where products of floats are exact, in an order of summation that the
/// instruction set does not change.
double exact_inner_product(std::span<const float> a, std::span<const float> b);

/// out[r] = <query, row r> for `count` rows that lie one after another, each as long as the query.
/// In floats, summed in an order that depends on the CPU.
void inner_products(std::span<const float> query, const float* rows, std::size_t count, float* out);

/// Inner products with rows in bfloat16, whose bits are given. `query` is deinterleaved().
void inner_products(std::span<const float> query, const std::uint16_t* rows, std::size_t count,
                    float* out);

/// Reorders a query for rows in bfloat16, of which a vector of words holds two at a time: of each
/// 32 elements first those at even places, then those at odd ones. What does not fill 32 stays.
std::vector<float> deinterleaved(std::span<const float> query);

/// Rounds a row to bfloat16, as bits in `to`. Returns the length of what was rounded off.
double round_to_bfloat16(std::span<const float> row, std::uint16_t* to);

/// Searches `count` scores in blocks of 64 from `begin` on. Returns where the first block begins
/// that holds a score of at least `min`, or where whole blocks end.
std::size_t find_block(const float* scores, std::size_t begin, std::size_t count, float min);
inline constexpr std::size_t find_block_size = 64;

}  // namespace twinear
