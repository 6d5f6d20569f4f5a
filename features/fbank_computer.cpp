// SPDX-License-Identifier: Apache-2.0
#include "features/fbank_computer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/exponential.h"
#include "base/threads.h"
#include "features/front_end.h"

namespace twinear {
namespace {

/// Writes the first `count` lanes of all mel bins, each to its own row of `columns` values.
TWINEAR_SIMD void to_rows(const Lanes* mel_bins, std::size_t columns, std::size_t count,
                          float* rows) {
  std::size_t b = 0;
  if (count == lane_count)
    for (; b + lane_count <= columns; b += lane_count)
      transpose(mel_bins[b].values, lane_count, rows + b, columns);
  for (; b < columns; ++b)
    for (std::size_t lane = 0; lane < count; ++lane) rows[lane * columns + b] = mel_bins[b][lane];
}

void square_roots(std::vector<Lanes>& rows) {
  for (Lanes& row : rows)
    for (float& value : row.values) value = std::sqrt(value);
}

/// Replaces each value x of the rows by factor * ln(max(x, floor)).
TWINEAR_SIMD void scaled_log(Lanes* rows, std::size_t count, float floor, float factor) {
  for (std::size_t i = 0; i < count; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      const float value = rows[i][lane];
      rows[i][lane] = factor * fast_log(value > floor ? value : floor);
    }
  }
}

void take_log(std::vector<Lanes>& rows, const FrontEnd& front_end) {
  const bool natural = front_end.log == LogScale::natural;
  const float default_floor = natural ? std::numeric_limits<float>::epsilon() : 1e-10F;
  const float floor = front_end.floor > 0 ? static_cast<float>(front_end.floor) : default_floor;
  const float db = (front_end.power == 2 ? 10.0F : 20.0F) / std::log(10.0F);
  if (front_end.log != LogScale::none)
    scaled_log(rows.data(), rows.size(), floor, natural ? 1.0F : db);
}

}  // namespace

FbankComputer::FbankComputer(const FrontEnd& front_end)
    : front_end_(checked(front_end)),
      fft_size_(transform_size(front_end_)),
      framer_(front_end_),
      filters_(front_end_, fft_size_) {
  if (LaneFft::supports(fft_size_)) lane_fft_.emplace(fft_size_);
}

FbankComputer::Workspace::Workspace(const FbankComputer& computer)
    : scratch(computer.framer_.scratch_size()),
      block(computer.fft_size_),
      spectrum(computer.fft_size_ / 2 + 1),
      energies(computer.filters_.size()) {
  if (!computer.lane_fft_) rfft.emplace(computer.fft_size_);
}

Matrix FbankComputer::operator()(const Excerpt& clip, std::size_t first, std::size_t count,
                                 std::uint64_t seed, Workspace& workspace) const {
  const WorkerScope worker;  // flushes denormals to zero, as in every task
  auto& [scratch, block, spectrum, energies, rfft] = workspace;
  Matrix rows(count, filters_.size());
  for (std::size_t done = 0; done < count; done += lane_count) {
    const std::size_t lanes = std::min(lane_count, count - done);
    framer_.cut(clip, first + done, lanes, seed, scratch, block.data());
    if (rfft)
      rfft->power(block.data(), spectrum.data());
    else
      lane_fft_->power(block.data(), spectrum.data());
    if (front_end_.power == 1) square_roots(spectrum);
    filters_(spectrum.data(), energies.data());
    take_log(energies, front_end_);
    to_rows(energies.data(), rows.cols(), lanes, rows.row(done).data());
  }
  return rows;
}

void FbankComputer::add_log_energies(const Excerpt& clip, std::size_t first, std::size_t count,
                                     Workspace& workspace, std::vector<float>& energies) const {
  const WorkerScope worker;
  const std::size_t before = energies.size();
  energies.resize(before + count);
  for (std::size_t done = 0; done < count; done += lane_count)
    framer_.log_energies(clip, first + done, std::min(lane_count, count - done), workspace.scratch,
                         workspace.block.data(), energies.data() + before + done);
}

}  // namespace twinear
