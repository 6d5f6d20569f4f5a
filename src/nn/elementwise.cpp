// SPDX-License-Identifier: Apache-2.0
#include "nn/elementwise.h"

#include <algorithm>

#include "base/exponential.h"
#include "base/lanes.h"

namespace twinear::nn {
namespace {

using Kind = Elementwise::Kind;

constexpr float leak = 0.01F;

template <class T>
TWINEAR_SIMD void activate(Kind kind, const T* __restrict x, T* __restrict y, std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) store(std::max(load(x[i]), 0.0F), y[i]);
  else if (kind == Kind::leaky_relu)
    for (std::int64_t i = 0; i < n; ++i) store(std::max(load(x[i]), leak * load(x[i])), y[i]);
  else
    for (std::int64_t i = 0; i < n; ++i) store(fast_tanh(load(x[i])), y[i]);
}

template <class T>
TWINEAR_SIMD void slope(Kind kind, const T* __restrict y, const T* __restrict dy, T* __restrict dx,
                        std::int64_t n) {
  if (kind == Kind::relu)
    for (std::int64_t i = 0; i < n; ++i) store(load(y[i]) > 0.0F ? load(dy[i]) : 0.0F, dx[i]);
  else if (kind == Kind::leaky_relu)
    for (std::int64_t i = 0; i < n; ++i)
      store((load(y[i]) > 0.0F ? 1.0F : leak) * load(dy[i]), dx[i]);
  else
    for (std::int64_t i = 0; i < n; ++i)
      store(load(dy[i]) * (1.0F - load(y[i]) * load(y[i])), dx[i]);
}

template <class T>
class ElementwiseOp final : public Op {
 public:
  ElementwiseOp(Kind kind, const Input& in, Activation& out) : kind_(kind), edge_(in), out_(out) {}

  void forward(const MicroBatch& part) override {
    activate(kind_, edge_.flow->template clip<T>(part.first), out_.template clip<T>(part.first),
             size(part));
  }

  void backward(const MicroBatch& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    slope(kind_, out_.template clip<T>(part.first), out_.template clip_gradient<T>(part.first),
          gradient.data(), size(part));
  }

 private:
  std::int64_t size(const MicroBatch& part) const { return part.clips * out_.shape.clip_size(); }

  Kind kind_;
  Input edge_;
  Activation& out_;
};

}  // namespace

std::unique_ptr<Op> Elementwise::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<ElementwiseOp<decltype(number)>>(kind_, in[0], out);
  });
}

}  // namespace twinear::nn
