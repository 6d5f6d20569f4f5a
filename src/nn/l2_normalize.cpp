// SPDX-License-Identifier: Apache-2.0
#include "nn/l2_normalize.h"

#include <algorithm>
#include <cmath>

namespace twinear::nn {
namespace {

constexpr double min_norm = 1e-6;

template <class T>
double dot(const T* a, const T* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(load(a[i])) * load(b[i]);
  return sum;
}

template <class T>
class L2NormalizeOp final : public Op {
 public:
  L2NormalizeOp(const Input& in, Activation& out) : edge_(in), in_(*in.flow), out_(out) {}

  void forward(const MicroBatch& part) override {
    const T* x = in_.template clip<T>(part.first);
    T* y = out_.template clip<T>(part.first);
    for (std::int64_t at = 0; at < size(part); at += width()) {
      const double scale = 1.0 / norm(x + at);
      for (std::int64_t c = at; c < at + width(); ++c)
        store(static_cast<float>(load(x[c]) * scale), y[c]);
    }
  }

  // dx = (dy - y <y, dy>) / |x|: only what is tangent to the sphere gets through.
  void backward(const MicroBatch& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    const T *x = in_.template clip<T>(part.first), *y = out_.template clip<T>(part.first);
    const T* dy = out_.template clip_gradient<T>(part.first);
    T* dx = gradient.data();
    for (std::int64_t at = 0; at < size(part); at += width()) {
      const double scale = 1.0 / norm(x + at), along = dot(y + at, dy + at, width());
      for (std::int64_t c = at; c < at + width(); ++c)
        store(static_cast<float>((load(dy[c]) - load(y[c]) * along) * scale), dx[c]);
    }
  }

 private:
  std::int64_t width() const { return in_.shape.channels; }
  std::int64_t size(const MicroBatch& part) const { return part.clips * in_.shape.clip_size(); }
  double norm(const T* x) const { return std::max(std::sqrt(dot(x, x, width())), min_norm); }

  Input edge_;
  Activation& in_;
  Activation& out_;
};

}  // namespace

std::unique_ptr<Op> L2Normalize::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<L2NormalizeOp<decltype(number)>>(in[0], out);
  });
}

}  // namespace twinear::nn
