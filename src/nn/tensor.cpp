// SPDX-License-Identifier: Apache-2.0
#include "twinear/tensor.h"

#include "base/threads.h"
#include "nn/rows.h"

namespace twinear::nn {
namespace {

/// The scratch memory of this thread. An op with several inputs holds a piece for each at once.
thread_local std::vector<Aligned<std::byte>> scratch(4);
thread_local std::size_t in_use = 0;

}  // namespace

template <class T>
InputGradient<T>::InputGradient(const Input& input, const MicroBatch& batch)
    : activation_(*input.activation),
      batch_(batch),
      accumulates_(input.accumulates),
      data_(activation_.clip_gradient<T>(batch.first)) {
  if (!accumulates_) return;
  auto& memory = scratch.at(in_use++);
  const std::size_t bytes = batch.clips * activation_.shape.clip_size() * sizeof(T);
  if (memory.size() < bytes) memory.resize(bytes);
  data_ = reinterpret_cast<T*>(memory.data());
}

template <class T>
InputGradient<T>::~InputGradient() {
  if (!accumulates_) return;
  rows::add(data_, activation_.clip_gradient<T>(batch_.first),
            batch_.clips * activation_.shape.clip_size());
  --in_use;
}

template <class T>
void InputGradient<T>::clear_padding() {
  const Shape& shape = activation_.shape;
  for (std::size_t i = batch_.first; i < batch_.end(); ++i)
    std::fill(clip(i) + activation_.lengths[i] * shape.channels, clip(i) + shape.clip_size(), T());
}

template class InputGradient<float>;
template class InputGradient<BFloat16>;

Parameter make_parameter(std::string name, std::vector<std::size_t> shape, std::size_t fan_in) {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  return {
      .name = std::move(name), .shape = std::move(shape), .value = Buffer(size), .fan_in = fan_in};
}

void GradientSlots::resize(std::size_t micro_batches, std::size_t size) {
  size_ = size;
  values_.resize(micro_batches * size);
}

const float* GradientSlots::sum() {
  constexpr std::size_t block = 16384;
  parallel_for((size_ + block - 1) / block, [&](std::size_t b) {
    const std::size_t begin = b * block, end = std::min(begin + block, size_);
    for (std::size_t at = size_; at < values_.size(); at += size_)
      for (std::size_t i = begin; i < end; ++i) values_[i] += values_[at + i];
  });
  return values_.data();
}

void GradientSlots::add_to(Buffer& gradient) {
  const float* total = sum();
  for (std::size_t i = 0; i < size_; ++i) gradient[i] += total[i];
}

}  // namespace twinear::nn
