// SPDX-License-Identifier: Apache-2.0
#include <soxr.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "twinear/audio.h"

namespace twinear {
namespace {

struct Delete {
  void operator()(soxr* resampler) const noexcept { soxr_delete(resampler); }
};

void check(soxr_error_t failure) {
  if (failure != nullptr) throw std::runtime_error(std::string("resample: ") + failure);
}

}  // namespace

struct Resampler::State {
  State(int from_hz, int to_hz)
      : from(static_cast<std::uint64_t>(from_hz)), to(static_cast<std::uint64_t>(to_hz)) {
    if (from == to) return;
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t alone = soxr_runtime_spec(1);
    soxr_error_t failure = nullptr;
    soxr_.reset(soxr_create(from_hz, to_hz, 1, &failure, nullptr, &quality, &alone));
    check(failure);
  }

  /// The number of output samples for all samples consumed so far.
  std::uint64_t expected() const {
    const std::uint64_t rounded = (2 * consumed * to + from) / (2 * from);
    return consumed == 0 ? 0 : std::max<std::uint64_t>(1, rounded);
  }

  /// Feeds `samples` and returns the output that is ready. No samples mean the end of the sound.
  std::vector<float> process(std::span<const float> samples) {
    consumed += samples.size();
    const bool end = samples.empty();
    std::vector<float> out;
    std::size_t filled = 0, made = 0;
    do {
      out.resize(std::max(filled + 64, expected() - std::min(expected(), produced) + 1));
      std::size_t used = 0;
      check(soxr_process(soxr_.get(), end ? nullptr : samples.data(), samples.size(), &used,
                         out.data() + filled, out.size() - filled, &made));
      samples = samples.subspan(used);
      filled += made;
    } while (end ? made > 0 : !samples.empty());
    out.resize(filled);
    produced += filled;
    return out;
  }

  std::uint64_t from, to, consumed = 0, produced = 0;
  std::unique_ptr<soxr, Delete> soxr_;  // null if the rates are equal
};

Resampler::Resampler(int from, int to) {
  if (from < 1 || to < 1) throw std::invalid_argument("resample: rates must be positive");
  state_ = std::make_unique<State>(from, to);
}
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;
Resampler::~Resampler() = default;

std::vector<float> Resampler::push(std::span<const float> samples) {
  if (!state_->soxr_) return {samples.begin(), samples.end()};
  return samples.empty() ? std::vector<float>{} : state_->process(samples);
}

std::vector<float> Resampler::finish() {
  State& s = *state_;
  if (!s.soxr_ || s.consumed == 0) return {};
  std::vector<float> rest = s.process({});
  // soxr rounds the length differently, by at most one sample.
  const std::uint64_t before = s.produced - rest.size();
  rest.resize(s.expected() - std::min(s.expected(), before));
  return rest;
}

std::vector<float> resample(std::span<const float> samples, int from, int to) {
  Resampler resampler(from, to);
  std::vector<float> result = resampler.push(samples);
  const std::vector<float> rest = resampler.finish();
  result.insert(result.end(), rest.begin(), rest.end());
  return result;
}

}  // namespace twinear
