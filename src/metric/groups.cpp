// SPDX-License-Identifier: Apache-2.0
#include "metric/groups.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

namespace twinear {
namespace {

void add_row(std::span<const double> slope, std::span<float> to) {
  for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<float>(to[k] + slope[k]);
}

}  // namespace

void check_batch(const char* where, const Matrix& embeddings, std::span<const int> labels,
                 const Matrix& gradient) {
  if (labels.size() != embeddings.rows())
    throw std::invalid_argument(fmt::format("{}: one label per embedding", where));
  if (gradient.rows() != embeddings.rows() || gradient.cols() != embeddings.cols())
    throw std::invalid_argument(fmt::format("{}: a gradient of the embeddings' shape", where));
}

std::vector<Rows> rows_by_label(const char* where, std::span<const int> labels, std::size_t least) {
  std::map<int, Rows> rows_of;
  for (std::size_t i = 0; i < labels.size(); ++i) rows_of[labels[i]].push_back(i);
  std::vector<Rows> groups;
  for (auto& [label, rows] : rows_of) {
    if (rows.size() < least)
      throw std::invalid_argument(
          fmt::format("{}: {} rows of label {}, found {}", where, least, label, rows.size()));
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

void add(const Table& slope, Matrix& gradient) {
  for (std::size_t i = 0; i < gradient.rows(); ++i) add_row(slope.row(i), gradient.row(i));
}

}  // namespace twinear
