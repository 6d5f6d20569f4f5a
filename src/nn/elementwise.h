// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/lanes.h"
#include "twinear/layer.h"

namespace twinear::nn {

template <class F, class T>
TWINEAR_SIMD void apply(const T* __restrict x, T* __restrict y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) store(F::value(load(x[i])), y[i]);
}

template <class F, class T>
TWINEAR_SIMD void apply_gradient(const T* __restrict x, const T* __restrict y,
                                 const T* __restrict dy, T* __restrict dx, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    store(F::gradient(load(x[i]), load(y[i]), load(dy[i])), dx[i]);
}

template <class F, class T>
class ElementwiseOp final : public Op {
 public:
  ElementwiseOp(const Input& in, Activation& out) : x_(in), y_(out) {}

  void forward(const MicroBatch& batch) override {
    apply<F>(x_.value(batch.first), y_.value(batch.first), y_.size(batch));
  }
  void backward(const MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    apply_gradient<F>(x_.value(batch.first), y_.value(batch.first), y_.gradient(batch.first),
                      dx.data(), y_.size(batch));
  }

 private:
  InputView<T> x_;
  ActivationView<T> y_;
};

/// The layer y = f(x), number by number. The struct F, of an anonymous namespace, has three static
/// functions: value(x) gives y, and value(0) is 0, so that padding stays padding; gradient(x, y,
/// dy) gives what reaches x; to_onnx(graph, name, x) adds its ONNX form.
template <class F>
class Elementwise final : public Layer {
 public:
  void build(std::span<const Shape> in) override { expect_inputs(in, 1, 1, Maps::taken); }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<OpOf>(out.number, in[0], out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    return F::to_onnx(graph, name, in[0]);
  }

 private:
  template <class T>
  using OpOf = ElementwiseOp<F, T>;
};

}  // namespace twinear::nn
