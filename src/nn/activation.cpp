// SPDX-License-Identifier: Apache-2.0
#include "nn/activation.h"

#include <algorithm>

#include "base/exponential.h"
#include "base/simd.h"

namespace twinear::nn {
namespace {

using Kind = Activation::Kind;

TWINEAR_SIMD void activate(Kind kind, const float* __restrict x, float* __restrict y,
                           std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) y[i] = std::max(x[i], 0.0F);
  else
    for (std::int64_t i = 0; i < n; ++i) y[i] = fast_tanh(x[i]);
}

TWINEAR_SIMD void slope(Kind kind, const float* __restrict y, const float* __restrict dy,
                        float* __restrict dx, std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0.0F ? dy[i] : 0.0F;
  else
    for (std::int64_t i = 0; i < n; ++i) dx[i] = dy[i] * (1.0F - y[i] * y[i]);
}

class ActivationStep final : public Step {
 public:
  ActivationStep(Kind kind, const Edge& in, Flow& out) : kind_(kind), edge_(in), out_(out) {}

  void forward(const Part& part) override {
    activate(kind_, edge_.flow->clip(part.first), out_.clip(part.first), size(part));
  }

  void backward(const Part& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient gradient(edge_, part);
    slope(kind_, out_.clip(part.first), out_.clip_gradient(part.first), gradient.data(),
          size(part));
  }

 private:
  std::int64_t size(const Part& part) const { return part.clips * out_.shape.clip_size(); }

  Kind kind_;
  Edge edge_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> Activation::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return std::make_unique<ActivationStep>(kind_, in[0], out);
}

}  // namespace twinear::nn
