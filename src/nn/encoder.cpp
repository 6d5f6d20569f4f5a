// SPDX-License-Identifier: Apache-2.0
#include "twinear/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "base/threads.h"
#include "linalg/onednn_info.h"
#include "nn/execution_pool.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// Lengths that a pass is made for: sixteen an octave, so that a corpus of twenty thousand
/// different lengths needs few of them and at most a sixteenth of a clip's frames is padding.
std::size_t bucket(std::size_t frames) {
  const std::size_t step = std::max<std::size_t>(16, std::bit_floor(frames) / 16);
  return (frames + step - 1) / step * step;
}

}  // namespace

struct Encoder::Parts {
  Parts(EncoderSpec s, std::uint64_t seed) : spec(std::move(s)), network(spec, seed) {}
  EncoderSpec spec;
  nn::Network network;
  nn::ExecutionPool idle;
};

Encoder::Encoder(EncoderSpec spec, std::uint64_t seed)
    : parts_(std::make_unique<Parts>(std::move(spec), seed)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Matrix Encoder::embed(std::span<const Matrix> clips) const {
  const auto bins = static_cast<std::size_t>(parts_->spec.bins);
  for (const Matrix& clip : clips)
    if (clip.cols() != bins || clip.rows() < min_frames())
      throw std::invalid_argument(
          fmt::format("Encoder::embed: {} x {} features; {} columns and at "
                      "least {} row are needed",
                      clip.rows(), clip.cols(), bins, min_frames()));
  // Clips of like length go together.
  std::vector<std::size_t> order(clips.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return clips[i].rows(); });
  std::vector<std::span<const std::size_t>> groups;
  for (std::span<const std::size_t> rest = order; !rest.empty();) {
    const std::size_t frames = bucket(clips[rest.front()].rows());
    std::size_t n = 1;
    while (n < std::min<std::size_t>(rest.size(), nn::micro_batch_clips) &&
           bucket(clips[rest[n]].rows()) == frames)
      ++n;
    groups.push_back(rest.first(n));
    rest = rest.subspan(n);
  }

  Matrix embeddings(clips.size(), dimension());
  parallel_for(groups.size(), [&](std::size_t g) {
    const auto group = groups[g];
    auto pass = parts_->idle.take(parts_->network,
                                  {static_cast<std::int64_t>(group.size()),
                                   static_cast<std::int64_t>(bucket(clips[group.front()].rows())),
                                   static_cast<std::int64_t>(bins)});
    nn::Activation& input = pass->input();
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto values = clips[group[i]].values();
      float* clip = input.clip(static_cast<std::int64_t>(i));
      std::fill(std::ranges::copy(values, clip).out, clip + input.shape.clip_size(), 0.0F);
      input.lengths[i] = static_cast<std::int64_t>(clips[group[i]].rows());
    }
    pass->forward();
    for (std::size_t i = 0; i < group.size(); ++i)
      std::copy_n(pass->output().clip(static_cast<std::int64_t>(i)), dimension(),
                  embeddings.row(group[i]).begin());
    parts_->idle.put(std::move(pass));
  });
  return embeddings;
}

Precision Encoder::set_precision(Precision precision) {
  const bool narrow = precision == Precision::bf16 && has_bf16();
  const auto numbers = narrow ? nn::Number::bf16 : nn::Number::f32;
  if (numbers != parts_->idle.numbers()) parts_->idle.set_numbers(numbers);
  return narrow ? Precision::bf16 : Precision::fp32;
}

std::size_t Encoder::dimension() const noexcept {
  return static_cast<std::size_t>(
      parts_->network.shapes({1, 1, parts_->spec.bins}).back().channels);
}

std::size_t Encoder::parameter_count() const noexcept {
  std::size_t count = 0;
  for (const auto& [key, parameter] : parts_->network.parameters())
    if (parameter->learned()) count += parameter->value.size();
  return count;
}

double Encoder::multiply_adds(std::size_t frames) const {
  return parts_->network.multiply_adds({1, static_cast<std::int64_t>(frames), parts_->spec.bins});
}

const EncoderSpec& Encoder::spec() const noexcept { return parts_->spec; }
nn::Network& Encoder::network() noexcept { return parts_->network; }
const nn::Network& Encoder::network() const noexcept { return parts_->network; }

}  // namespace twinear
