// SPDX-License-Identifier: Apache-2.0
#include "identify/inner_products.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/lanes.h"
#include "twinear/buffer.h"

namespace twinear {
namespace {

/// Elements of a row that fill a vector's place in memory.
template <class T>
constexpr std::size_t per_vector = vector_bytes / sizeof(T);

float to_float(float x) { return x; }
float to_float(std::uint16_t bits) { return nn::load(nn::BFloat16{bits}); }

/// sum += query * row, element by element, for one vector of a row.
[[gnu::always_inline]] inline void add_products(const float* query, const float* row,
                                                Vector<float>& sum) {
  Vector<float> q, x;
  std::memcpy(&q, query, sizeof q);
  std::memcpy(&x, row, sizeof x);
  sum += q * x;
}

/// sum += query * row for bfloat16. A word holds an element at an even place in its lower half and
/// the next in its upper half; with zeros behind it, a bfloat16 is a float.
[[gnu::always_inline]] inline void add_products(const float* query, const std::uint16_t* row,
                                                Vector<float>& sum) {
  Vector<float> even, odd;
  Vector<std::uint32_t> words;
  std::memcpy(&even, query, sizeof even);
  std::memcpy(&odd, query + lane_count, sizeof odd);
  std::memcpy(&words, row, sizeof words);
  sum += even * reinterpret_cast<Vector<float>>(words << 16U);
  sum += odd * reinterpret_cast<Vector<float>>(words & 0xFFFF0000U);
}

/// Works on four rows at a time, which is as many sums as an FMA takes cycles.
template <class T>
[[gnu::always_inline]] inline void multiply_rows_by(std::span<const float> query, const T* rows,
                                                    std::size_t count, float* out) {
  constexpr std::size_t at_once = 4;
  constexpr std::size_t ahead = 8;  // rows to prefetch: the CPU does not look ahead in four at once
  const std::size_t width = query.size(), whole = width / per_vector<T> * per_vector<T>;
  for (std::size_t r = 0; r < count; r += at_once) {
    const T* row[at_once];
    for (std::size_t i = 0; i < at_once; ++i) row[i] = rows + std::min(r + i, count - 1) * width;
    Vector<float> sums[at_once] = {};
    for (std::size_t k = 0; k < whole; k += per_vector<T>)
      for (std::size_t i = 0; i < at_once; ++i) {
        __builtin_prefetch(row[i] + k + ahead * width);
        add_products(query.data() + k, row[i] + k, sums[i]);
      }
    float sum[at_once];
    sum_lanes(sums, sum);
    for (std::size_t i = 0; i < std::min(at_once, count - r); ++i) {
      for (std::size_t k = whole; k < width; ++k) sum[i] += query[k] * to_float(row[i][k]);
      out[r + i] = sum[i];
    }
  }
}

TWINEAR_SIMD double sum_of_products(const float* a, const float* b, std::size_t width) {
  constexpr std::size_t sums_at_once = 8;
  std::array<double, sums_at_once> sums{};
  std::size_t i = 0;
  for (; i + sums_at_once <= width; i += sums_at_once)
    for (std::size_t j = 0; j < sums_at_once; ++j)
      sums[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
  for (; i < width; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace

double exact_inner_product(std::span<const float> a, std::span<const float> b) {
  return sum_of_products(a.data(), b.data(), a.size());
}

TWINEAR_SIMD void inner_products(std::span<const float> query, const float* rows, std::size_t count,
                                 float* out) {
  multiply_rows_by(query, rows, count, out);
}

TWINEAR_SIMD void inner_products(std::span<const float> query, const std::uint16_t* rows,
                                 std::size_t count, float* out) {
  multiply_rows_by(query, rows, count, out);
}

std::vector<float> deinterleaved(std::span<const float> query) {
  constexpr std::size_t step = per_vector<std::uint16_t>;
  std::vector<float> result(query.begin(), query.end());
  for (std::size_t k = 0; k + step <= query.size(); k += step)
    for (std::size_t j = 0; j < step; ++j) result[k + j % 2 * lane_count + j / 2] = query[k + j];
  return result;
}

double round_to_bfloat16(std::span<const float> row, std::uint16_t* to) {
  double square = 0;
  for (const float x : row) {
    nn::BFloat16 rounded;
    nn::store(x, rounded);
    *to++ = rounded.bits;
    const double off = static_cast<double>(x) - static_cast<double>(nn::load(rounded));
    square += off * off;
  }
  return std::sqrt(square);
}

TWINEAR_SIMD std::size_t find_block(const float* scores, std::size_t begin, std::size_t count,
                                    float min) {
  for (; begin + find_block_size <= count; begin += find_block_size) {
    int found = 0;
    for (std::size_t j = 0; j < find_block_size; ++j) found += scores[begin + j] >= min ? 1 : 0;
    if (found != 0) return begin;
  }
  return begin;
}

}  // namespace twinear
