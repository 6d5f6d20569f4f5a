// SPDX-License-Identifier: Apache-2.0
#include "nn/tensor.h"

#include <algorithm>

#include "base/lanes.h"

namespace twinear::nn {
namespace {

/// This thread's scratch memory: a step with several inputs holds as many pieces at once.
thread_local std::vector<Aligned<std::byte>> scratch(4);
thread_local std::size_t in_use = 0;

template <class T>
TWINEAR_SIMD void add_to(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) store(load(y[i]) + load(x[i]), y[i]);
}

}  // namespace

template <class T>
InputGradient<T>::InputGradient(const Input& edge, const MicroBatch& part)
    : flow_(*edge.flow), part_(part), adds_(edge.adds), data_(flow_.clip_gradient<T>(part.first)) {
  if (!adds_) return;
  auto& memory = scratch.at(in_use++);
  const std::size_t bytes =
      static_cast<std::size_t>(part.clips * flow_.shape.clip_size()) * sizeof(T);
  if (memory.size() < bytes) memory.resize(bytes);
  data_ = reinterpret_cast<T*>(memory.data());
}

template <class T>
InputGradient<T>::~InputGradient() {
  if (!adds_) return;
  add_to(data_, flow_.clip_gradient<T>(part_.first), part_.clips * flow_.shape.clip_size());
  --in_use;
}

template <class T>
void InputGradient<T>::clear_padding() {
  for (std::int64_t i = part_.first; i < part_.first + part_.clips; ++i)
    std::fill(clip(i) + flow_.length(i) * flow_.shape.channels, clip(i) + flow_.shape.clip_size(),
              T());
}

template class InputGradient<float>;
template class InputGradient<BFloat16>;

Parameter make_parameter(std::string name, std::vector<std::int64_t> shape) {
  std::size_t size = 1;
  for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
  return {std::move(name), std::move(shape), Buffer(size), Buffer(size)};
}

}  // namespace twinear::nn
