// SPDX-License-Identifier: Apache-2.0
#include "nn/l2_normalize.h"

#include <algorithm>
#include <cmath>

namespace twinear::nn {
namespace {

constexpr double least_norm = 1e-6;

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

class L2NormalizeStep final : public Step {
 public:
  L2NormalizeStep(Flow& in, Flow& out) : in_(in), out_(out) {}

  void forward(const Part& part) override {
    rows(part, [&](std::int64_t at, std::int64_t width) {
      const float* x = in_.value.data() + at;
      const double scale = 1.0 / norm(x, width);
      for (std::int64_t c = 0; c < width; ++c)
        out_.value[static_cast<std::size_t>(at + c)] = static_cast<float>(x[c] * scale);
    });
  }

  // dx = (dy - y <y, dy>) / |x|: only what is tangent to the sphere gets through.
  void backward(const Part& part) override {
    if (in_.gradient.empty()) return;
    rows(part, [&](std::int64_t at, std::int64_t width) {
      const float *y = out_.value.data() + at, *dy = out_.gradient.data() + at;
      const double scale = 1.0 / norm(in_.value.data() + at, width);
      const double along = dot(y, dy, width);
      for (std::int64_t c = 0; c < width; ++c)
        in_.gradient[static_cast<std::size_t>(at + c)] =
            static_cast<float>((dy[c] - y[c] * along) * scale);
    });
  }

 private:
  static double norm(const float* x, std::int64_t width) {
    return std::max(std::sqrt(dot(x, x, width)), least_norm);
  }

  template <class Row>
  void rows(const Part& part, Row row) const {
    const std::int64_t size = in_.shape.clip_size(), width = in_.shape.channels;
    for (std::int64_t at = part.first * size; at < (part.first + part.clips) * size; at += width)
      row(at, width);
  }

  Flow& in_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> L2Normalize::prepare(Flow& in, Flow& out, Mode) {
  return std::make_unique<L2NormalizeStep>(in, out);
}

}  // namespace twinear::nn
