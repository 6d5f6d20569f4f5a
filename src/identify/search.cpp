// SPDX-License-Identifier: Apache-2.0
#include "twinear/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include "base/threads.h"
#include "base/vectors.h"
#include "identify/inner_products.h"
#include "linalg/gemm.h"
#include "linalg/onednn_info.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t rows_at_once = 1024;   // a block of 192 columns fills the L2 cache
constexpr std::size_t rows_per_task = 4096;  // a multiple of it
constexpr std::size_t queries_at_once = 256;
constexpr double max_length = 1e15;  // of a row or query: no product of two overflows a float

/// A row that may be among the best, and its score as fast arithmetic finds it.
struct Candidate {
  float score;
  std::uint32_t row;
};

/// The rows that may be among the `k` best, by scores that lie at most half of `slack` from the
/// exact ones.
class Shortlist {
 public:
  Shortlist(std::size_t k, double slack) : k_(k), capacity_(2 * k + 64), slack_(slack) {}

  /// Considers the rows from `row` on, by their scores.
  void consider(std::span<const float> scores, std::size_t row) {
    const auto next = [&](std::size_t from) {
      return find_block(scores.data(), from, scores.size(), min_score_);
    };
    for (std::size_t i = next(0); i < scores.size(); i = next(i))
      for (const std::size_t end = std::min(scores.size(), i + find_block_size); i < end; ++i)
        if (scores[i] >= min_score_) add({scores[i], static_cast<std::uint32_t>(row + i)});
  }

  void add(Candidate candidate) {
    candidates_.push_back(candidate);
    if (candidates_.size() >= capacity_) prune();
  }

  /// Drops the candidates that cannot be among the k best of those that were considered.
  void prune() {
    if (candidates_.size() <= k_) return;
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(candidates_, kth, std::greater(), &Candidate::score);
    min_score_ = std::nextafter(static_cast<float>(kth->score - slack_),
                                -std::numeric_limits<float>::infinity());
    std::erase_if(candidates_, [&](const Candidate& c) { return c.score < min_score_; });
    capacity_ = std::max(capacity_, 2 * candidates_.size());
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }

  /// Ignores from now on the rows that cannot be among the k best beside those of `other`.
  void begin_after(const Shortlist& other) { min_score_ = other.min_score_; }

 private:
  std::size_t k_, capacity_;
  double slack_;
  float min_score_ = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> candidates_;
};

/// The length of a row or a query. Throws Error (numeric) for one that is not finite or too long.
double length(std::span<const float> row, const char* what, std::size_t number) {
  const double square = dot(row, row);
  if (!(square <= max_length * max_length))
    throw Error(Fault::numeric,
                fmt::format("search: {} {}: {}", what, number,
                            std::isfinite(square)
                                ? fmt::format("its length is {:.3g}; at most {:g} is taken",
                                              std::sqrt(square), max_length)
                                : "a value is not finite"));
  return std::sqrt(square);
}

std::int64_t whole(std::size_t n) { return static_cast<std::int64_t>(n); }

/// A batch of queries, made ready to be multiplied with rows of the database: a single query by
/// inner_products(), several as a matrix of the rows' number type.
class QueryBatch {
 public:
  /// `bf16` says that the rows are in bfloat16.
  QueryBatch(const Matrix& queries, std::size_t first, std::size_t count, bool bf16)
      : queries_(queries.row(first).data()),
        count_(count),
        width_(queries.cols()),
        rounded_off_(count) {
    for (std::size_t q = 0; q < count; ++q)
      lengths_.push_back(length(queries.row(first + q), "query", first + q));
    if (!bf16) return;
    if (count == 1) {
      deinterleaved_ = deinterleaved(queries.row(first));
      return;
    }
    rounded_.resize(count * width_);
    for (std::size_t q = 0; q < count; ++q)
      rounded_off_[q] = round_to_bfloat16(queries.row(first + q), &rounded_[q * width_]);
  }

  double length_of(std::size_t q) const { return lengths_[q]; }
  /// The length of what rounding takes from query q before it is multiplied.
  double rounded_off(std::size_t q) const { return rounded_off_[q]; }

  /// Writes the products of query q with `n` rows to scores[q * rows_at_once] and on.
  void multiply(const float* rows, std::size_t n, float* scores) const {
    if (count_ == 1) return inner_products({queries_, width_}, rows, n, scores);
    twinear::multiply(view(queries_, count_), view(rows, n), scores_view(scores, n),
                      Transpose::second);
  }
  void multiply(const std::uint16_t* rows, std::size_t n, float* scores) const {
    if (count_ == 1) return inner_products(deinterleaved_, rows, n, scores);
    multiply_rows(view(rounded_.data(), count_), view(rows, n), scores_view(scores, n));
  }

 private:
  template <class T>
  View<const T> view(const T* rows, std::size_t n) const {
    return {rows, whole(n), whole(width_), whole(width_)};
  }
  MutableMatrixView scores_view(float* scores, std::size_t n) const {
    return {scores, whole(count_), whole(n), whole(rows_at_once)};
  }

  const float* queries_;
  std::size_t count_, width_;
  std::vector<double> lengths_, rounded_off_;
  std::vector<float> deinterleaved_;
  std::vector<std::uint16_t> rounded_;
};

/// For each task of rows_per_task rows, the shortlist of each query.
using Shortlists = std::vector<std::vector<Shortlist>>;

/// Scores the rows of the database, of either number type, for a batch of queries and lets the
/// shortlists consider them.
template <class T>
void scan(const QueryBatch& batch, const T* rows, std::size_t size, std::size_t width,
          Shortlists& found) {
  const std::size_t queries = found[0].size();
  const auto scan_task = [&](std::size_t task) {
    std::vector<float> scores(queries * rows_at_once);
    const std::size_t begin = task * rows_per_task;
    const std::size_t end = std::min(size, begin + rows_per_task);
    for (std::size_t r = begin; r < end; r += rows_at_once) {
      const std::size_t n = std::min(rows_at_once, end - r);
      batch.multiply(rows + r * width, n, scores.data());
      for (std::size_t q = 0; q < queries; ++q)
        found[task][q].consider(std::span(scores).subspan(q * rows_at_once, n), r);
    }
    for (Shortlist& of_query : found[task]) of_query.prune();
  };
  // The first task comes alone, so that the others can pass over what is far from the best.
  parallel_for(1, scan_task);
  for (std::size_t task = 1; task < found.size(); ++task)
    for (std::size_t q = 0; q < queries; ++q) found[task][q].begin_after(found[0][q]);
  parallel_for(found.size() - 1, [&](std::size_t i) { scan_task(i + 1); });
}

}  // namespace

Search::Search(Matrix rows, std::size_t bf16_from) : rows_(std::move(rows)) {
  if (size() > std::numeric_limits<std::uint32_t>::max())
    throw std::invalid_argument("search: 2^32 rows or more");
  const bool copied = size() >= bf16_from;
  if (copied) copy_.resize(rows_.values().size());
  const std::size_t tasks = (size() + rows_per_task - 1) / rows_per_task;
  std::vector<double> longest(tasks), rounded_off(tasks);
  parallel_for(tasks, [&](std::size_t task) {
    const std::size_t end = std::min(size(), (task + 1) * rows_per_task);
    for (std::size_t r = task * rows_per_task; r < end; ++r) {
      const auto row = rows_.row(r);
      longest[task] = std::max(longest[task], length(row, "row", r));
      if (copied)
        rounded_off[task] =
            std::max(rounded_off[task], round_to_bfloat16(row, &copy_[r * row.size()]));
    }
  });
  for (const double x : longest) max_length_ = std::max(max_length_, x);
  for (const double x : rounded_off) max_rounded_off_ = std::max(max_rounded_off_, x);
}

/// Bounds how far a fast score can lie from the exact one. With q = q' + f and x = x' + e, of which
/// q' and x' are multiplied, |<q, x> - <q', x'>| <= |q| |e| + |f| |x'|; a sum of d float products
/// in any order is off by at most d u |q'| |x'|, u = 2^-24 (Higham 2002, 3.1; doubled here, for its
/// higher orders); and what is flushed to zero is at most 2^-126 a step.
double Search::max_error(double query, double query_rounded) const {
  const auto d = static_cast<double>(rows_.cols());
  const double length = max_length_ + max_rounded_off_, used = query + query_rounded;
  return query * max_rounded_off_ + query_rounded * length +
         std::ldexp(d + 8, -23) * used * length +
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
  // Without instructions for it, bfloat16 is faster only where memory is the limit.
  const bool bf16 = !copy_.empty() && (count == 1 || has_bf16());
  const QueryBatch batch(queries, first, count, bf16);
  std::vector<Shortlist> blank;
  for (std::size_t q = 0; q < count; ++q)
    blank.emplace_back(k, 2 * max_error(batch.length_of(q), batch.rounded_off(q)));
  Shortlists found((size() + rows_per_task - 1) / rows_per_task, blank);
  if (bf16)
    scan(batch, copy_.data(), size(), rows_.cols(), found);
  else
    scan(batch, rows_.values().data(), size(), rows_.cols(), found);

  std::vector<std::vector<Hit>> hits(count);
  parallel_for(count, [&](std::size_t q) {
    for (const auto& of_task : found)
      for (const Candidate& c : of_task[q].candidates()) blank[q].add(c);
    blank[q].prune();
    for (const Candidate& c : blank[q].candidates())
      hits[q].push_back({c.row, exact_inner_product(queries.row(first + q), rows_.row(c.row))});
    std::ranges::sort(hits[q], [](const Hit& a, const Hit& b) {
      return a.score != b.score ? a.score > b.score : a.row < b.row;
    });
    hits[q].resize(k);
  });
  return hits;
}

}  // namespace twinear
