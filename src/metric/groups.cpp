// SPDX-License-Identifier: Apache-2.0
#include "metric/groups.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <utility>

#include "linalg/product.h"

namespace twinear {
namespace {

void add_row(std::span<const double> slope, std::span<float> to) {
  for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<float>(to[k] + slope[k]);
}

}  // namespace

void check_labels(const char* where, const Matrix& embeddings, std::span<const int> labels) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument(
        fmt::format("{}: expected a label for each of {} embeddings, found {}", where,
                    embeddings.rows(), labels.size()));
}

void check_batch(const char* where, const Matrix& embeddings, std::span<const int> labels,
                 const Matrix& gradient) {
  check_labels(where, embeddings, labels);
  if (gradient.rows() != embeddings.rows() || gradient.cols() != embeddings.cols())
    throw std::invalid_argument(
        fmt::format("{}: the gradient must have the shape of the embeddings", where));
}

std::vector<Rows> rows_by_label(const char* where, std::span<const int> labels,
                                std::size_t min_rows) {
  std::map<int, Rows> rows_of;
  for (std::size_t i = 0; i < labels.size(); ++i) rows_of[labels[i]].push_back(i);
  std::vector<Rows> groups;
  for (auto& [label, rows] : rows_of) {
    if (rows.size() < min_rows)
      throw std::invalid_argument(fmt::format("{}: expected at least {} rows of label {}, found {}",
                                              where, min_rows, label, rows.size()));
    groups.push_back(std::move(rows));
  }
  return groups;
}

Table sums(const Matrix& embeddings, std::span<const Rows> groups) {
  Table result(groups.size(), embeddings.cols());
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::size_t i : groups[g])
      for (std::size_t k = 0; k < embeddings.cols(); ++k) result(g, k) += embeddings.row(i)[k];
  return result;
}

void add_to_groups(const Table& slope, std::span<const Rows> groups, Matrix& gradient) {
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::size_t i : groups[g]) add_row(slope.row(g), gradient.row(i));
}

void add_self_similarity_gradient(const Directions& rows, const Table& slopes, Matrix& gradient) {
  Table along = product(slopes, rows.unit());  // as the first factor of a product
  const Table as_second = product(slopes, rows.unit(), Transpose::first);
  for (std::size_t i = 0; i < along.values().size(); ++i)
    along.values()[i] += as_second.values()[i];
  add(rows.slope(std::move(along)), gradient);
}

void add(const Table& slope, Matrix& gradient) {
  for (std::size_t i = 0; i < gradient.rows(); ++i) add_row(slope.row(i), gradient.row(i));
}

}  // namespace twinear
