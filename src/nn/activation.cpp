// SPDX-License-Identifier: Apache-2.0
#include "nn/activation.h"

#include <algorithm>

#include "base/exponential.h"
#include "base/simd.h"

namespace twinear::nn {
namespace {

using Kind = Activation::Kind;

constexpr float leak = 0.01F;

template <class T>
TWINEAR_SIMD void activate(Kind kind, const T* __restrict x, T* __restrict y, std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) put(std::max(widen(x[i]), 0.0F), y[i]);
  else if (kind == Kind::leaky_relu)
    for (std::int64_t i = 0; i < n; ++i) put(std::max(widen(x[i]), leak * widen(x[i])), y[i]);
  else
    for (std::int64_t i = 0; i < n; ++i) put(fast_tanh(widen(x[i])), y[i]);
}

template <class T>
TWINEAR_SIMD void slope(Kind kind, const T* __restrict y, const T* __restrict dy, T* __restrict dx,
                        std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) put(widen(y[i]) > 0.0F ? widen(dy[i]) : 0.0F, dx[i]);
  else if (kind == Kind::leaky_relu)
    for (std::int64_t i = 0; i < n; ++i)
      put((widen(y[i]) > 0.0F ? 1.0F : leak) * widen(dy[i]), dx[i]);
  else
    for (std::int64_t i = 0; i < n; ++i)
      put(widen(dy[i]) * (1.0F - widen(y[i]) * widen(y[i])), dx[i]);
}

template <class T>
class ActivationStep final : public Step {
 public:
  ActivationStep(Kind kind, const Edge& in, Flow& out) : kind_(kind), edge_(in), out_(out) {}

  void forward(const Part& part) override {
    activate(kind_, edge_.flow->template clip<T>(part.first), out_.template clip<T>(part.first),
             size(part));
  }

  void backward(const Part& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    slope(kind_, out_.template clip<T>(part.first), out_.template clip_gradient<T>(part.first),
          gradient.data(), size(part));
  }

 private:
  std::int64_t size(const Part& part) const { return part.clips * out_.shape.clip_size(); }

  Kind kind_;
  Edge edge_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> Activation::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Step> {
    return std::make_unique<ActivationStep<decltype(number)>>(kind_, in[0], out);
  });
}

}  // namespace twinear::nn
