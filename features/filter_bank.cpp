// SPDX-License-Identifier: Apache-2.0
#include "features/filter_bank.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/threads.h"
#include "features/front_end.h"
#include "features/logarithm.h"

namespace twinear {
namespace {

void square_roots(std::vector<Lanes>& rows) {
  for (Lanes& row : rows)
    for (float& value : row.values) value = std::sqrt(value);
}

void take_log(std::vector<Lanes>& rows, const FrontEnd& front_end) {
  const bool natural = front_end.log == LogScale::natural;
  const float own_floor = natural ? std::numeric_limits<float>::epsilon() : 1e-10F;
  const float floor = front_end.floor > 0 ? static_cast<float>(front_end.floor) : own_floor;
  const float db = (front_end.power == 2 ? 10.0F : 20.0F) / std::log(10.0F);
  if (front_end.log != LogScale::none)
    logarithm(rows.data(), rows.size(), floor, natural ? 1.0F : db);
}

}  // namespace

FilterBank::FilterBank(const FrontEnd& front_end)
    : front_end_(checked(front_end)),
      fft_size_(transform_size(front_end_)),
      framer_(front_end_),
      bands_(front_end_, fft_size_) {
  if (LaneFft::takes(fft_size_)) lane_fft_.emplace(fft_size_);
}

FilterBank::Workspace::Workspace(const FilterBank& bank)
    : scratch(bank.framer_.scratch_size()),
      block(bank.fft_size_),
      spectrum(bank.fft_size_ / 2 + 1),
      energies(bank.bands_.size()) {
  if (!bank.lane_fft_) rfft.emplace(bank.fft_size_);
}

Matrix FilterBank::operator()(const Excerpt& clip, std::size_t first, std::size_t count,
                              std::uint64_t seed, Workspace& workspace) const {
  const WorkerScope worker;  // denormals are zero here as in every task
  auto& [scratch, block, spectrum, energies, rfft] = workspace;
  Matrix rows(count, bands_.size());
  for (std::size_t done = 0; done < count; done += lane_count) {
    const std::size_t lanes = std::min(lane_count, count - done);
    framer_.cut(clip, first + done, lanes, seed, scratch, block.data());
    if (rfft)
      rfft->power(block.data(), spectrum.data());
    else
      lane_fft_->power(block.data(), spectrum.data());
    if (front_end_.power == 1) square_roots(spectrum);
    bands_(spectrum.data(), energies.data());
    take_log(energies, front_end_);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto row = rows.row(done + lane);
      for (std::size_t b = 0; b < row.size(); ++b) row[b] = energies[b][lane];
    }
  }
  return rows;
}

}  // namespace twinear
