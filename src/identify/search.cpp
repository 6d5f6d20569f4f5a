// SPDX-License-Identifier: Apache-2.0
#include "twinear/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/simd.h"
#include "base/threads.h"
#include "linalg/linear_algebra.h"
#include "linalg/onednn_info.h"
#include "twinear/buffer.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t lanes = 16;            // what AVX-512 holds
constexpr std::size_t rows_at_once = 1024;   // a block of 192 columns fills the L2 cache
constexpr std::size_t rows_per_task = 4096;  // a multiple of it
constexpr std::size_t queries_at_once = 256;
constexpr double longest_row = 1e15;  // no product of two overflows a float

/// In double, in an order that the instruction set does not change; products of floats are exact.
TWINEAR_SIMD double exact_product(const float* a, const float* b, std::size_t width) {
  constexpr std::size_t sums_at_once = 8;
  std::array<double, sums_at_once> sums{};
  std::size_t i = 0;
  for (; i + sums_at_once <= width; i += sums_at_once)
    for (std::size_t j = 0; j < sums_at_once; ++j)
      sums[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
  for (; i < width; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

float widen(float x) { return x; }
float widen(std::uint16_t x) { return nn::load(nn::BFloat16{x}); }

using Vector = float __attribute__((vector_size(lanes * sizeof(float))));
using Words = std::uint32_t __attribute__((vector_size(lanes * sizeof(float))));

/// Elements that fill a vector's place in memory.
template <class T>
constexpr std::size_t step = sizeof(Vector) / sizeof(T);

/// A query as `products` takes it for rows in bf16: of each step the even elements, then the odd,
/// as the halves of a word give them.
std::vector<float> evens_first(std::span<const float> query) {
  constexpr std::size_t whole = step<std::uint16_t>;
  std::vector<float> result(query.begin(), query.end());
  for (std::size_t k = 0; k + whole <= query.size(); k += whole)
    for (std::size_t j = 0; j < whole; ++j) result[k + j % 2 * lanes + j / 2] = query[k + j];
  return result;
}

/// out[r] = <query, row r>, four rows at a time: as many sums as an FMA takes cycles.
template <class T>
TWINEAR_SIMD void products(const float* query, const T* rows, std::size_t count, std::size_t width,
                           float* out) {
  constexpr std::size_t at_once = 4;
  constexpr std::size_t ahead = 8;  // rows; the CPU itself does not look ahead in four at once
  const std::size_t whole = width / step<T> * step<T>;
  for (std::size_t r = 0; r < count; r += at_once) {
    std::array<const T*, at_once> row;
    for (std::size_t i = 0; i < at_once; ++i) row[i] = rows + std::min(r + i, count - 1) * width;
    std::array<Vector, at_once> sums{};
    for (std::size_t k = 0; k < whole; k += step<T>) {
      Vector q, odd;
      std::memcpy(&q, query + k, sizeof q);
      if constexpr (step < T >> lanes) std::memcpy(&odd, query + k + lanes, sizeof odd);
      for (std::size_t i = 0; i < at_once; ++i) {
        Words x;
        std::memcpy(&x, row[i] + k, sizeof x);
        __builtin_prefetch(row[i] + k + ahead * width);
        if constexpr (step<T> == lanes) {
          sums[i] += q * reinterpret_cast<Vector>(x);
        } else {
          sums[i] += q * reinterpret_cast<Vector>(x << 16U);
          sums[i] += odd * reinterpret_cast<Vector>(x & 0xFFFF0000U);
        }
      }
    }
    // The sums across lanes: of two vectors, of four, of their quarters.
#define TWINEAR_PAIRS(a, b, i, j, k, l)                                                           \
  __builtin_shufflevector(a, b, i, j, k, l, (i) + 4, (j) + 4, (k) + 4, (l) + 4, (i) + 8, (j) + 8, \
                          (k) + 8, (l) + 8, (i) + 12, (j) + 12, (k) + 12, (l) + 12)
    const Vector ab = TWINEAR_PAIRS(sums[0], sums[1], 0, 16, 1, 17) +
                      TWINEAR_PAIRS(sums[0], sums[1], 2, 18, 3, 19);
    const Vector cd = TWINEAR_PAIRS(sums[2], sums[3], 0, 16, 1, 17) +
                      TWINEAR_PAIRS(sums[2], sums[3], 2, 18, 3, 19);
    const Vector four = TWINEAR_PAIRS(ab, cd, 0, 1, 16, 17) + TWINEAR_PAIRS(ab, cd, 2, 3, 18, 19);
#undef TWINEAR_PAIRS
    std::array<float, lanes> part;
    std::memcpy(part.data(), &four, sizeof part);
    std::array<float, at_once> sum;
    for (std::size_t i = 0; i < at_once; ++i)
      sum[i] = (part[i] + part[i + 4]) + (part[i + 8] + part[i + 12]);
    for (std::size_t i = 0; i < std::min(at_once, count - r); ++i) {
      for (std::size_t k = whole; k < width; ++k) sum[i] += query[k] * widen(row[i][k]);
      out[r + i] = sum[i];
    }
  }
}

/// The first score from `i` on, in steps of 64, whose 64 hold one of at least `least`.
TWINEAR_SIMD std::size_t next_reaching(const float* scores, std::size_t i, std::size_t count,
                                       float least) {
  constexpr std::size_t step = 64;
  for (; i + step <= count; i += step) {
    int reaching = 0;
    for (std::size_t j = 0; j < step; ++j) reaching += scores[i + j] >= least ? 1 : 0;
    if (reaching != 0) return i;
  }
  return i;
}

struct Candidate {
  float score;
  std::uint32_t row;
};

/// The rows that may be among the k best, by scores that are right to half of `slack`.
class Shortlist {
 public:
  Shortlist(std::size_t k, double slack) : k_(k), limit_(2 * k + 64), slack_(slack) {}

  /// Takes the scores of rows from `row` on.
  void see(const float* scores, std::size_t count, std::size_t row) {
    constexpr std::size_t step = 64;
    for (std::size_t i = next_reaching(scores, 0, count, least_); i < count;
         i = next_reaching(scores, i, count, least_))
      for (const std::size_t end = std::min(count, i + step); i < end; ++i)
        if (scores[i] >= least_) add({scores[i], static_cast<std::uint32_t>(row + i)});
  }

  void add(Candidate candidate) {
    candidates_.push_back(candidate);
    if (candidates_.size() >= limit_) prune();
  }

  void prune() {
    if (candidates_.size() <= k_) return;
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(candidates_, kth, std::greater(), &Candidate::score);
    least_ = std::nextafter(static_cast<float>(kth->score - slack_),
                            -std::numeric_limits<float>::infinity());
    std::erase_if(candidates_, [&](const Candidate& c) { return c.score < least_; });
    limit_ = std::max(limit_, 2 * candidates_.size());
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }

  /// Passes over what is not among the best of the rows that another has seen.
  void begin_after(const Shortlist& other) { least_ = other.least_; }

 private:
  std::size_t k_, limit_;
  double slack_;
  float least_ = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> candidates_;
};

/// Its length; refuses what no length can be told of.
double length(std::span<const float> row, const char* what, std::size_t number) {
  double square = 0;
  for (const float x : row) square += static_cast<double>(x) * x;
  if (!(square <= longest_row * longest_row))
    throw Error(Fault::numeric,
                fmt::format("search: {} {}: {}", what, number,
                            std::isfinite(square)
                                ? fmt::format("its length is {:.3g}; at most {:g} is taken",
                                              std::sqrt(square), longest_row)
                                : "a value is not finite"));
  return std::sqrt(square);
}

std::int64_t whole(std::size_t n) { return static_cast<std::int64_t>(n); }

/// In bf16; gives how far that is from the row.
double narrow(std::span<const float> row, std::uint16_t* to) {
  double square = 0;
  for (const float x : row) {
    nn::BFloat16 rounded;
    nn::store(x, rounded);
    *to++ = rounded.bits;
    const double off = static_cast<double>(x) - static_cast<double>(widen(rounded.bits));
    square += off * off;
  }
  return std::sqrt(square);
}

/// A batch of queries and how its products with rows of the database come about: one query by
/// `products`, more as a matrix of the rows' kind.
class Batch {
 public:
  /// `of_copy`: the rows are in bf16.
  Batch(const Matrix& queries, std::size_t first, std::size_t count, bool of_copy)
      : queries_(queries.row(first).data()), count_(count), width_(queries.cols()) {
    for (std::size_t q = 0; q < count; ++q)
      lengths_.push_back(length(queries.row(first + q), "query", first + q));
    rounded_.resize(count);
    if (!of_copy) return;
    if (count == 1) {
      ordered_ = evens_first(queries.row(first));
      return;
    }
    narrow_.resize(count * width_);
    for (std::size_t q = 0; q < count; ++q)
      rounded_[q] = narrow(queries.row(first + q), &narrow_[q * width_]);
  }

  double length_of(std::size_t q) const { return lengths_[q]; }
  double rounded(std::size_t q) const { return rounded_[q]; }  ///< how far what is used is from it

  /// Row q of `scores`, rows_at_once long, gets the products of query q.
  void multiply(const float* rows, std::size_t n, float* scores) const {
    if (count_ == 1) return products(queries_, rows, n, width_, scores);
    nn::multiply({queries_, whole(count_), whole(width_), whole(width_)},
                 {rows, whole(n), whole(width_), whole(width_)},
                 {scores, whole(count_), whole(n), whole(rows_at_once)}, nn::Transpose::second);
  }
  void multiply(const std::uint16_t* rows, std::size_t n, float* scores) const {
    if (count_ == 1) return products(ordered_.data(), rows, n, width_, scores);
    nn::multiply_rows({narrow_.data(), whole(count_), whole(width_), whole(width_)},
                      {rows, whole(n), whole(width_), whole(width_)},
                      {scores, whole(count_), whole(n), whole(rows_at_once)});
  }

 private:
  const float* queries_;
  std::size_t count_, width_;
  std::vector<double> lengths_, rounded_;
  std::vector<float> ordered_;
  std::vector<std::uint16_t> narrow_;
};

}  // namespace

Search::Search(Matrix rows, std::size_t bf16_from) : rows_(std::move(rows)) {
  if (size() > std::numeric_limits<std::uint32_t>::max())
    throw std::invalid_argument("search: more rows than it can number");
  const bool copied = size() >= bf16_from;
  if (copied) copy_.resize(rows_.values().size());
  const std::size_t tasks = (size() + rows_per_task - 1) / rows_per_task;
  std::vector<double> longest(tasks), worst(tasks);
  parallel_for(tasks, [&](std::size_t task) {
    const std::size_t end = std::min(size(), (task + 1) * rows_per_task);
    for (std::size_t r = task * rows_per_task; r < end; ++r) {
      const auto row = rows_.row(r);
      longest[task] = std::max(longest[task], length(row, "row", r));
      if (copied) worst[task] = std::max(worst[task], narrow(row, &copy_[r * row.size()]));
    }
  });
  for (const double x : longest) longest_ = std::max(longest_, x);
  for (const double x : worst) worst_rounded_ = std::max(worst_rounded_, x);
}

/// How far a fast score can lie from the exact one. With q = q' + f and x = x' + e, of which q' and
/// x' are multiplied, |<q, x> - <q', x'>| <= |q| |e| + |f| |x'|; a sum of d float products in any
/// order is off by at most d u |q'| |x'|, u = 2^-24 (Higham 2002, 3.1; doubled here, for its higher
/// orders); and what is flushed to zero is at most 2^-126 a step.
double Search::reach(double query, double query_rounded) const {
  const auto d = static_cast<double>(rows_.cols());
  const double length = longest_ + worst_rounded_, used = query + query_rounded;
  return query * worst_rounded_ + query_rounded * length + std::ldexp(d + 8, -23) * used * length +
         std::ldexp(2 * d + std::sqrt(d) * (used + length), -126);
}

std::vector<std::vector<Hit>> Search::best(const Matrix& queries, std::size_t k) const {
  if (size() == 0 || k == 0) return std::vector<std::vector<Hit>>(queries.rows());
  if (queries.cols() != rows_.cols())
    throw std::invalid_argument(
        fmt::format("search: queries of {} columns, rows of {}", queries.cols(), rows_.cols()));
  std::vector<std::vector<Hit>> hits;
  for (std::size_t first = 0; first < queries.rows(); first += queries_at_once)
    for (auto& of_query :
         best_of_batch(queries, first, std::min(queries_at_once, queries.rows() - first),
                       std::min(k, size())))
      hits.push_back(std::move(of_query));
  return hits;
}

std::vector<std::vector<Hit>> Search::best_of_batch(const Matrix& queries, std::size_t first,
                                                    std::size_t count, std::size_t k) const {
  // Without instructions for it, bf16 pays only where memory is all that is waited for.
  const bool of_copy = !copy_.empty() && (count == 1 || has_bf16());
  const Batch batch(queries, first, count, of_copy);
  std::vector<Shortlist> blank;
  for (std::size_t q = 0; q < count; ++q)
    blank.emplace_back(k, 2 * reach(batch.length_of(q), batch.rounded(q)));

  const std::size_t width = rows_.cols();
  std::vector<std::vector<Shortlist>> found((size() + rows_per_task - 1) / rows_per_task, blank);
  const auto scan = [&](const auto* rows, std::size_t first_task, std::size_t tasks) {
    parallel_for(tasks, [&](std::size_t i) {
      auto& of_task = found[first_task + i];
      std::vector<float> scores(count * rows_at_once);
      const std::size_t begin = (first_task + i) * rows_per_task;
      const std::size_t end = std::min(size(), begin + rows_per_task);
      for (std::size_t r = begin; r < end; r += rows_at_once) {
        const std::size_t n = std::min(rows_at_once, end - r);
        batch.multiply(rows + r * width, n, scores.data());
        for (std::size_t q = 0; q < count; ++q) of_task[q].see(&scores[q * rows_at_once], n, r);
      }
      for (auto& of_query : of_task) of_query.prune();
    });
  };
  const auto scan_all = [&](const auto* rows) {
    scan(rows, 0, 1);  // so that the others need not begin with what is far from the best
    for (std::size_t task = 1; task < found.size(); ++task)
      for (std::size_t q = 0; q < count; ++q) found[task][q].begin_after(found[0][q]);
    scan(rows, 1, found.size() - 1);
  };
  if (of_copy)
    scan_all(copy_.data());
  else
    scan_all(rows_.values().data());

  std::vector<std::vector<Hit>> hits(count);
  parallel_for(count, [&](std::size_t q) {
    for (const auto& of_task : found)
      for (const Candidate& c : of_task[q].candidates()) blank[q].add(c);
    blank[q].prune();
    for (const Candidate& c : blank[q].candidates())
      hits[q].push_back(
          {c.row, exact_product(queries.row(first + q).data(), rows_.row(c.row).data(), width)});
    std::ranges::sort(hits[q], [](const Hit& a, const Hit& b) {
      return a.score != b.score ? a.score > b.score : a.row < b.row;
    });
    hits[q].resize(k);
  });
  return hits;
}

}  // namespace twinear
