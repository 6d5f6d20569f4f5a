// SPDX-License-Identifier: Apache-2.0
#include "nn/channels.h"

#include <algorithm>
#include <vector>

#include "base/lanes.h"

namespace twinear::nn {
namespace {

/// Copies `width` channels of each row, `from` and `to` rows being that many channels apart.
template <class T>
void copy_channels(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride,
                   std::int64_t width, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; ++r, from += from_stride, to += to_stride)
    std::copy_n(from, width, to);
}

template <class T>
TWINEAR_SIMD void add_to(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) store(load(y[i]) + load(x[i]), y[i]);
}

/// The same for `width` channels of rows that are `stride` apart in y.
template <class T>
TWINEAR_SIMD void add_channels(const T* __restrict x, T* __restrict y, std::int64_t stride,
                               std::int64_t width, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, y += stride)
    for (std::int64_t c = 0; c < width; ++c) store(load(y[c]) + load(x[c]), y[c]);
}

/// A step whose rows are those of its inputs, with other channels.
class RowOp : public Op {
 public:
  RowOp(std::span<const Input> in, Activation& out) : in_(in.begin(), in.end()), out_(out) {}

 protected:
  std::int64_t rows(const MicroBatch& part) const { return part.clips * out_.shape.frames; }
  std::int64_t size(const MicroBatch& part) const { return part.clips * out_.shape.clip_size(); }
  std::int64_t channels(std::size_t input) const { return in_[input].flow->shape.channels; }

  std::vector<Input> in_;
  Activation& out_;
};

template <class T>
class SliceOp final : public RowOp {
 public:
  SliceOp(std::span<const Input> in, Activation& out, std::int64_t from)
      : RowOp(in, out), from_(from) {}

  void forward(const MicroBatch& part) override {
    copy_channels(in_[0].flow->template clip<T>(part.first) + from_, channels(0),
                  out_.template clip<T>(part.first), out_.shape.channels, out_.shape.channels,
                  rows(part));
    if (in_.size() > 1)
      add_to(in_[1].flow->template clip<T>(part.first), out_.template clip<T>(part.first),
             size(part));
  }

  // Slices of one flow do not overlap, so the first one called clears the others' channels.
  void backward(const MicroBatch& part) override {
    const T* dy = out_.template clip_gradient<T>(part.first);
    if (in_[0].wants_gradient()) {
      T* dx = in_[0].flow->template clip_gradient<T>(part.first);
      if (!in_[0].adds) std::fill_n(dx, part.clips * in_[0].flow->shape.clip_size(), T());
      add_channels(dy, dx + from_, channels(0), out_.shape.channels, rows(part));
    }
    if (in_.size() > 1 && in_[1].wants_gradient()) {
      InputGradient<T> gradient(in_[1], part);
      std::copy_n(dy, size(part), gradient.data());
    }
  }

 private:
  std::int64_t from_;
};

template <class T>
class ConcatOp final : public RowOp {
 public:
  using RowOp::RowOp;

  void forward(const MicroBatch& part) override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < in_.size(); at += channels(i++))
      copy_channels(in_[i].flow->template clip<T>(part.first), channels(i),
                    out_.template clip<T>(part.first) + at, out_.shape.channels, channels(i),
                    rows(part));
  }

  void backward(const MicroBatch& part) override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < in_.size(); at += channels(i++)) {
      if (!in_[i].wants_gradient()) continue;
      InputGradient<T> gradient(in_[i], part);
      copy_channels(out_.template clip_gradient<T>(part.first) + at, out_.shape.channels,
                    gradient.data(), channels(i), channels(i), rows(part));
    }
  }
};

template <class T>
class AddOp final : public RowOp {
 public:
  using RowOp::RowOp;

  void forward(const MicroBatch& part) override {
    std::copy_n(in_[0].flow->template clip<T>(part.first), size(part),
                out_.template clip<T>(part.first));
    for (std::size_t i = 1; i < in_.size(); ++i)
      add_to(in_[i].flow->template clip<T>(part.first), out_.template clip<T>(part.first),
             size(part));
  }

  void backward(const MicroBatch& part) override {
    for (const Input& edge : in_) {
      if (!edge.wants_gradient()) continue;
      InputGradient<T> gradient(edge, part);
      std::copy_n(out_.template clip_gradient<T>(part.first), size(part), gradient.data());
    }
  }
};

}  // namespace

std::unique_ptr<Op> Slice::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<SliceOp<decltype(number)>>(in, out, from_);
  });
}

Shape Concat::output(std::span<const Shape> in) const {
  Shape shape = in[0];
  for (const Shape& other : in.subspan(1)) shape.channels += other.channels;
  return shape;
}

std::unique_ptr<Op> Concat::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<ConcatOp<decltype(number)>>(in, out);
  });
}

std::unique_ptr<Op> Add::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<AddOp<decltype(number)>>(in, out);
  });
}

}  // namespace twinear::nn
