// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "nn/layers.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

constexpr double min_norm = 1e-6;

template <class T>
double dot(const T* a, const T* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(load(a[i])) * load(b[i]);
  return sum;
}

template <class T>
class L2NormalizeOp final : public Op {
 public:
  L2NormalizeOp(const Input& in, Activation& out) : x_(in), y_(out), width_(x_.channels()) {}

  void forward(const MicroBatch& batch) override {
    const T* x = x_.value(batch.first);
    T* y = y_.value(batch.first);
    for (std::size_t at = 0; at < x_.size(batch); at += width_) {
      const double scale = 1.0 / norm(x + at);
      for (std::size_t c = at; c < at + width_; ++c)
        store(static_cast<float>(load(x[c]) * scale), y[c]);
    }
  }

  // dx = (dy - y <y, dy>) / |x|: only what is tangent to the sphere gets through.
  void backward(const MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto gradient = x_.gradient_of(batch);
    const T *x = x_.value(batch.first), *y = y_.value(batch.first);
    const T* dy = y_.gradient(batch.first);
    T* dx = gradient.data();
    for (std::size_t at = 0; at < x_.size(batch); at += width_) {
      const double scale = 1.0 / norm(x + at), along = dot(y + at, dy + at, width_);
      for (std::size_t c = at; c < at + width_; ++c)
        store(static_cast<float>((load(dy[c]) - load(y[c]) * along) * scale), dx[c]);
    }
  }

 private:
  double norm(const T* x) const { return std::max(std::sqrt(dot(x, x, width_)), min_norm); }

  InputView<T> x_;
  ActivationView<T> y_;
  std::size_t width_;
};

/// y = x / max(|x|, 1e-6) for each frame: onto the unit sphere.
class L2Normalize final : public Layer {
 public:
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<L2NormalizeOp>(out.number, in[0], out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    return onnx::unit(graph, in[0], name);
  }
};

}  // namespace

LayerKind l2_normalize_kind() {
  return {"l2_normalize", "each vector divided by its length", new_layer<L2Normalize>};
}

}  // namespace twinear::nn
