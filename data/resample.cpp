// SPDX-License-Identifier: Apache-2.0
#include <soxr.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <stdexcept>

#include "twinear/audio.h"

namespace twinear {

std::vector<float> resample(std::span<const float> samples, int from, int to) {
  if (from < 1 || to < 1) throw std::invalid_argument("resample: rates must be positive");
  if (from == to || samples.empty()) return {samples.begin(), samples.end()};

  const auto in_rate = static_cast<std::uint64_t>(from), out_rate = static_cast<std::uint64_t>(to);
  const std::uint64_t rounded = (2 * samples.size() * out_rate + in_rate) / (2 * in_rate);
  std::vector<float> result(std::max<std::uint64_t>(1, rounded));
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const soxr_runtime_spec_t alone = soxr_runtime_spec(1);
  std::size_t written = 0;
  const soxr_error_t failure =
      soxr_oneshot(from, to, 1, samples.data(), samples.size(), nullptr, result.data(),
                   result.size(), &written, nullptr, &quality, &alone);
  if (failure != nullptr) throw std::runtime_error(std::string("resample: ") + failure);
  return result;
}

}  // namespace twinear
