// SPDX-License-Identifier: Apache-2.0
#include "nn/relu.h"

#include <algorithm>

namespace twinear::nn {
namespace {

class ReluStep final : public Step {
 public:
  ReluStep(Flow& in, Flow& out) : in_(in), out_(out) {}

  void forward(const Part& part) override {
    const std::int64_t size = part.clips * in_.shape.clip_size();
    const float* x = in_.clip(part.first);
    float* y = out_.clip(part.first);
    for (std::int64_t i = 0; i < size; ++i) y[i] = std::max(x[i], 0.0F);
  }

  void backward(const Part& part) override {
    if (in_.gradient.empty()) return;
    const std::int64_t size = part.clips * in_.shape.clip_size();
    const float *y = out_.clip(part.first), *dy = out_.clip_gradient(part.first);
    float* dx = in_.clip_gradient(part.first);
    for (std::int64_t i = 0; i < size; ++i) dx[i] = y[i] > 0.0F ? dy[i] : 0.0F;
  }

 private:
  Flow& in_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> Relu::prepare(Flow& in, Flow& out, Mode) {
  return std::make_unique<ReluStep>(in, out);
}

}  // namespace twinear::nn
