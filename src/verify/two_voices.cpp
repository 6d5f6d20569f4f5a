// SPDX-License-Identifier: Apache-2.0
#include "verify/two_voices.h"

#include <algorithm>

#include "twinear/metrics.h"

namespace twinear {
namespace {

constexpr double min_speech = 4;  // seconds; parts of less than 1 s say little about a voice

/// The numbers of the rows of a clip's frames in which somebody speaks.
std::vector<std::size_t> rows_of_speech(const ClipFeatures& clip, double hop) {
  const auto& voiced = clip.voice.voiced;
  std::vector<std::size_t> rows;
  if (voiced.empty()) return rows;
  const double voice_hop = clip.voice.total_seconds / static_cast<double>(voiced.size());
  for (std::size_t row = 0; row < clip.frames.rows(); ++row) {
    const auto at = static_cast<std::size_t>((static_cast<double>(row) + 0.5) * hop / voice_hop);
    if (voiced[std::min(at, voiced.size() - 1)]) rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::vector<Matrix> parts_of_speech(const ClipFeatures& clip, double hop) {
  if (clip.voice.seconds < min_speech) return {};
  const auto rows = rows_of_speech(clip, hop);
  if (static_cast<double>(rows.size()) * hop < min_speech) return {};
  const std::size_t each = rows.size() / voice_parts;
  std::vector<Matrix> parts(voice_parts, Matrix(each, clip.frames.cols()));
  for (std::size_t part = 0; part < voice_parts; ++part)
    for (std::size_t i = 0; i < each; ++i)
      std::ranges::copy(clip.frames.row(rows[part * each + i]), parts[part].row(i).begin());
  return parts;
}

double lowest_cosine_of_halves(const Matrix& embeddings, std::size_t first) {
  double lowest = 1;
  for (std::size_t partner = 1; partner < voice_parts; ++partner) {
    std::vector<float> with(embeddings.cols()), without(embeddings.cols());
    for (std::size_t part = 0; part < voice_parts; ++part) {
      const auto row = embeddings.row(first + part);
      auto& half = part == 0 || part == partner ? with : without;
      for (std::size_t i = 0; i < row.size(); ++i) half[i] += row[i];
    }
    lowest = std::min(lowest, cosine(with, without));
  }
  return lowest;
}

}  // namespace twinear
