// SPDX-License-Identifier: Apache-2.0
#include "nn/channels.h"

#include <algorithm>
#include <vector>

#include "base/simd.h"

namespace twinear::nn {
namespace {

/// Copies `width` channels of each row, `from` and `to` rows being that many channels apart.
void copy_channels(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                   std::int64_t width, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; ++r, from += from_stride, to += to_stride)
    std::copy_n(from, width, to);
}

TWINEAR_SIMD void add_to(const float* __restrict x, float* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}

/// A step whose rows are those of its inputs, with other channels.
class RowStep : public Step {
 public:
  RowStep(std::span<const Edge> in, Flow& out) : in_(in.begin(), in.end()), out_(out) {}

 protected:
  std::int64_t rows(const Part& part) const { return part.clips * out_.shape.frames; }
  std::int64_t size(const Part& part) const { return part.clips * out_.shape.clip_size(); }
  std::int64_t channels(std::size_t input) const { return in_[input].flow->shape.channels; }

  std::vector<Edge> in_;
  Flow& out_;
};

class SliceStep final : public RowStep {
 public:
  SliceStep(std::span<const Edge> in, Flow& out, std::int64_t from)
      : RowStep(in, out), from_(from) {}

  void forward(const Part& part) override {
    copy_channels(in_[0].flow->clip(part.first) + from_, channels(0), out_.clip(part.first),
                  out_.shape.channels, out_.shape.channels, rows(part));
    if (in_.size() > 1) add_to(in_[1].flow->clip(part.first), out_.clip(part.first), size(part));
  }

  // Slices of one flow do not overlap, so the first one called clears the others' channels.
  void backward(const Part& part) override {
    const float* dy = out_.clip_gradient(part.first);
    const std::int64_t width = out_.shape.channels;
    if (in_[0].wants_gradient()) {
      float* dx = in_[0].flow->clip_gradient(part.first);
      if (!in_[0].adds) std::fill_n(dx, part.clips * in_[0].flow->shape.clip_size(), 0.0F);
      for (std::int64_t r = 0; r < rows(part); ++r)
        for (std::int64_t c = 0; c < width; ++c)
          dx[r * channels(0) + from_ + c] += dy[r * width + c];
    }
    if (in_.size() > 1 && in_[1].wants_gradient()) {
      InputGradient gradient(in_[1], part);
      std::copy_n(dy, size(part), gradient.data());
    }
  }

 private:
  std::int64_t from_;
};

class ConcatStep final : public RowStep {
 public:
  using RowStep::RowStep;

  void forward(const Part& part) override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < in_.size(); at += channels(i++))
      copy_channels(in_[i].flow->clip(part.first), channels(i), out_.clip(part.first) + at,
                    out_.shape.channels, channels(i), rows(part));
  }

  void backward(const Part& part) override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < in_.size(); at += channels(i++)) {
      if (!in_[i].wants_gradient()) continue;
      InputGradient gradient(in_[i], part);
      copy_channels(out_.clip_gradient(part.first) + at, out_.shape.channels, gradient.data(),
                    channels(i), channels(i), rows(part));
    }
  }
};

class AddStep final : public RowStep {
 public:
  using RowStep::RowStep;

  void forward(const Part& part) override {
    std::copy_n(in_[0].flow->clip(part.first), size(part), out_.clip(part.first));
    for (std::size_t i = 1; i < in_.size(); ++i)
      add_to(in_[i].flow->clip(part.first), out_.clip(part.first), size(part));
  }

  void backward(const Part& part) override {
    for (const Edge& edge : in_) {
      if (!edge.wants_gradient()) continue;
      InputGradient gradient(edge, part);
      std::copy_n(out_.clip_gradient(part.first), size(part), gradient.data());
    }
  }
};

}  // namespace

std::unique_ptr<Step> Slice::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return std::make_unique<SliceStep>(in, out, from_);
}

Shape Concat::output(std::span<const Shape> in) const {
  Shape shape = in[0];
  for (const Shape& other : in.subspan(1)) shape.channels += other.channels;
  return shape;
}

std::unique_ptr<Step> Concat::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return std::make_unique<ConcatStep>(in, out);
}

std::unique_ptr<Step> Add::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return std::make_unique<AddStep>(in, out);
}

}  // namespace twinear::nn
