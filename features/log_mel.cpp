// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/threads.h"
#include "features/framer.h"
#include "features/front_end.h"
#include "features/lane_fft.h"
#include "features/logarithm.h"
#include "features/mel_bands.h"
#include "features/normalize.h"
#include "features/rfft.h"
#include "twinear/features.h"

namespace twinear {
namespace {

void square_roots(std::vector<Lanes>& rows) {
  for (Lanes& row : rows)
    for (float& value : row.values) value = std::sqrt(value);
}

void take_log(std::vector<Lanes>& rows, const FrontEnd& front_end) {
  switch (front_end.log) {
    case LogScale::natural:
      return logarithm(rows.data(), rows.size(), std::numeric_limits<float>::epsilon(), 1.0F);
    case LogScale::db:
      return logarithm(rows.data(), rows.size(), 1e-10F,
                       (front_end.power == 2 ? 10.0F : 20.0F) / std::log(10.0F));
    case LogScale::none:
      return;
  }
}

}  // namespace

struct LogMel::Tables {
  explicit Tables(const FrontEnd& from)
      : front_end(checked(from)),
        fft_size(transform_size(front_end)),
        framer(front_end),
        bands(front_end, fft_size) {
    if (LaneFft::takes(fft_size)) lane_fft.emplace(fft_size);
  }
  FrontEnd front_end;
  std::size_t fft_size;
  Framer framer;
  MelBands bands;
  std::optional<LaneFft> lane_fft;  // for powers of two; KissFFT transforms the others
};

LogMel::LogMel(const FrontEnd& front_end) : tables_(std::make_unique<Tables>(front_end)) {}
LogMel::LogMel(LogMel&&) noexcept = default;
LogMel& LogMel::operator=(LogMel&&) noexcept = default;
LogMel::~LogMel() = default;

Matrix LogMel::operator()(std::span<const float> samples, std::uint64_t seed) const {
  const WorkerScope worker;  // denormals are zero here as in every task
  const Tables& tables = *tables_;
  Matrix mel(frames(samples.size()), tables.bands.size());

  std::optional<Rfft> rfft;
  if (!tables.lane_fft) rfft.emplace(tables.fft_size);
  std::vector<float> scratch(tables.framer.scratch_size());
  std::vector<Lanes> block(tables.fft_size), spectrum(tables.fft_size / 2 + 1),
      energies(tables.bands.size());
  for (std::size_t first = 0; first < mel.rows(); first += lane_count) {
    const std::size_t count = std::min(lane_count, mel.rows() - first);
    tables.framer.cut(samples, first, count, seed, scratch, block.data());
    if (rfft)
      rfft->power(block.data(), spectrum.data());
    else
      tables.lane_fft->power(block.data(), spectrum.data());
    if (tables.front_end.power == 1) square_roots(spectrum);
    tables.bands(spectrum.data(), energies.data());
    take_log(energies, tables.front_end);
    for (std::size_t lane = 0; lane < count; ++lane) {
      const auto row = mel.row(first + lane);
      for (std::size_t b = 0; b < row.size(); ++b) row[b] = energies[b][lane];
    }
  }
  normalize(mel, tables.front_end.norm);
  return mel;
}

std::size_t LogMel::frames(std::size_t samples) const noexcept {
  return tables_->framer.frames(samples);
}

const FrontEnd& LogMel::front_end() const noexcept { return tables_->front_end; }

}  // namespace twinear
