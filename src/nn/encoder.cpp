// SPDX-License-Identifier: Apache-2.0
#include "twinear/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "base/threads.h"
#include "linalg/onednn_info.h"
#include "nn/encoder_spec.h"
#include "nn/execution_pool.h"

namespace twinear {
namespace {

/// The frames that an execution is made for. There are sixteen lengths an octave, so that clips of
/// many lengths need few executions and at most a sixteenth of a clip's frames is padding.
std::size_t padded_length(std::size_t frames) {
  const std::size_t step = std::max<std::size_t>(16, std::bit_floor(frames) / 16);
  return (frames + step - 1) / step * step;
}

}  // namespace

struct Encoder::Parts {
  Parts(EncoderSpec s, std::optional<std::uint64_t> seed) : network(s, seed), spec(std::move(s)) {
    for (LayerSpec& layer : spec.layers) layer = complete(std::move(layer));
  }
  nn::Network network;
  EncoderSpec spec;
  nn::ExecutionPool idle;
};

struct nn::EncoderAccess {
  static Network& network(const Encoder& encoder) { return encoder.parts_->network; }
};

nn::Network& nn::network_of(Encoder& encoder) { return EncoderAccess::network(encoder); }
const nn::Network& nn::network_of(const Encoder& encoder) {
  return EncoderAccess::network(encoder);
}

Encoder::Encoder(EncoderSpec spec, std::optional<std::uint64_t> seed)
    : parts_(std::make_unique<Parts>(std::move(spec), seed)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Matrix Encoder::embed(std::span<const Matrix> clips) const {
  const auto bins = static_cast<std::size_t>(parts_->spec.bins);
  for (const Matrix& clip : clips)
    if (clip.cols() != bins || clip.rows() < min_frames())
      throw std::invalid_argument(fmt::format(
          "Encoder::embed: expected features of {} columns and at least {} row, found {} x "
          "{}",
          bins, min_frames(), clip.rows(), clip.cols()));
  // Clips of similar lengths go into one micro-batch. A few clips go alone, so that all threads
  // have work; how many go together depends on their number and not on that of the threads.
  const std::size_t most =
      std::clamp<std::size_t>(clips.size() / nn::micro_batch_clips, 1, nn::micro_batch_clips);
  std::vector<std::size_t> order(clips.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return clips[i].rows(); });
  std::vector<std::span<const std::size_t>> groups;
  for (std::span<const std::size_t> rest = order; !rest.empty();) {
    const std::size_t frames = padded_length(clips[rest.front()].rows());
    std::size_t n = 1;
    while (n < std::min(rest.size(), most) && padded_length(clips[rest[n]].rows()) == frames) ++n;
    groups.push_back(rest.first(n));
    rest = rest.subspan(n);
  }

  Matrix embeddings(clips.size(), dimension());
  const auto take = [&](std::span<const std::size_t> group) {
    return parts_->idle.take(parts_->network,
                             {group.size(), padded_length(clips[group[0]].rows()), bins});
  };
  // All threads make the machine code of the first execution of a few; the others find it there.
  if (groups.size() > 1 && groups.size() <= nn::micro_batch_clips)
    parts_->idle.put(take(groups.front()));
  parallel_for(groups.size(), [&](std::size_t g) {
    const auto group = groups[g];
    auto execution = take(group);
    nn::Activation& input = execution->input();
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto values = clips[group[i]].values();
      float* clip = input.clip(i);
      std::fill(std::ranges::copy(values, clip).out, clip + input.shape.clip_size(), 0.0F);
      input.lengths[i] = clips[group[i]].rows();
    }
    execution->forward();
    for (std::size_t i = 0; i < group.size(); ++i)
      std::copy_n(execution->output().clip(i), dimension(), embeddings.row(group[i]).begin());
    parts_->idle.put(std::move(execution));
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
  return parts_->network.shapes({1, 1, parts_->network.bins()}).back().channels;
}

std::size_t Encoder::parameter_count() const noexcept {
  std::size_t count = 0;
  for (const auto& [key, parameter] : parts_->network.parameters())
    if (parameter->learned()) count += parameter->value.size();
  return count;
}

double Encoder::multiply_adds(std::size_t frames) const {
  return parts_->network.multiply_adds({1, frames, parts_->network.bins()});
}

const EncoderSpec& Encoder::spec() const noexcept { return parts_->spec; }

}  // namespace twinear
