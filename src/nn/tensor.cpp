// SPDX-License-Identifier: Apache-2.0
#include "nn/tensor.h"

#include <algorithm>

namespace twinear::nn {
namespace {

/// This thread's scratch memory: a step with several inputs holds as many pieces at once.
thread_local std::vector<Buffer> scratch(4);
thread_local std::size_t in_use = 0;

}  // namespace

InputGradient::InputGradient(const Edge& edge, const Part& part)
    : flow_(*edge.flow), part_(part), adds_(edge.adds), data_(flow_.clip_gradient(part.first)) {
  if (!adds_) return;
  Buffer& buffer = scratch.at(in_use++);
  buffer.resize(
      std::max(buffer.size(), static_cast<std::size_t>(part.clips * flow_.shape.clip_size())));
  data_ = buffer.data();
}

InputGradient::~InputGradient() {
  if (!adds_) return;
  float* to = flow_.clip_gradient(part_.first);
  for (std::int64_t i = 0; i < part_.clips * flow_.shape.clip_size(); ++i) to[i] += data_[i];
  --in_use;
}

void InputGradient::clear_padding() {
  for (std::int64_t i = part_.first; i < part_.first + part_.clips; ++i)
    std::fill(clip(i) + flow_.length(i) * flow_.shape.channels, clip(i) + flow_.shape.clip_size(),
              0.0F);
}

Parameter make_parameter(std::string name, std::vector<std::int64_t> shape) {
  std::size_t size = 1;
  for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
  return {std::move(name), std::move(shape), Buffer(size), Buffer(size)};
}

}  // namespace twinear::nn
