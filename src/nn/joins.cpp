// SPDX-License-Identifier: Apache-2.0
// Layers that put activations together or take a part of one.
#include <fmt/format.h>

#include "nn/layers.h"
#include "nn/onnx_forms.h"
#include "nn/rows.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

template <class T>
class AddOp final : public Op {
 public:
  AddOp(std::span<const Input> in, Activation& out) : in_(in.begin(), in.end()), y_(out) {}

  void forward(const MicroBatch& batch) override {
    T* y = y_.value(batch.first);
    std::copy_n(in_[0].value(batch.first), y_.size(batch), y);
    for (std::size_t i = 1; i < in_.size(); ++i)
      rows::add(in_[i].value(batch.first), y, y_.size(batch));
  }
  void backward(const MicroBatch& batch) override {
    for (const InputView<T>& x : in_) rows::pass_gradient(y_, x, batch);
  }

 private:
  std::vector<InputView<T>> in_;
  ActivationView<T> y_;
};

/// The sum of inputs of one shape: a residual connection.
class Add final : public Layer {
 public:
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 2, 64, Maps::taken);
    expect_channels(in, in[0].channels);
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<AddOp>(out.number, in, out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    return graph.node("Sum", in, name);
  }
};

template <class T>
class ConcatOp final : public Op {
 public:
  ConcatOp(std::span<const Input> in, Activation& out) : in_(in.begin(), in.end()), y_(out) {}

  void forward(const MicroBatch& batch) override {
    T* y = y_.value(batch.first);
    for (const InputView<T>& x : in_) {
      rows::copy(x.value(batch.first), x.channels(), y, y_.channels(), x.channels(),
                 batch.clips * y_.shape().frames);
      y += x.channels();
    }
  }
  void backward(const MicroBatch& batch) override {
    const T* dy = y_.gradient(batch.first);
    for (const InputView<T>& x : in_) {
      if (x.wants_gradient())
        rows::copy(dy, y_.channels(), x.gradient_of(batch).data(), x.channels(), x.channels(),
                   batch.clips * y_.shape().frames);
      dy += x.channels();
    }
  }

 private:
  std::vector<InputView<T>> in_;
  ActivationView<T> y_;
};

/// The inputs' channels side by side.
class Concat final : public Layer {
 public:
  void build(std::span<const Shape> in) override { expect_inputs(in, 2, 64); }
  Shape output(std::span<const Shape> in) const override {
    Shape shape = in[0];
    for (const Shape& other : in.subspan(1)) shape.channels += other.channels;
    return shape;
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<ConcatOp>(out.number, in, out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    return onnx::concat(graph, in, name);
  }
};

template <class T>
class SliceOp final : public Op {
 public:
  SliceOp(std::span<const Input> in, Activation& out, std::size_t from)
      : in_(in.begin(), in.end()), accumulates_(in[0].accumulates), y_(out), from_(from) {}

  void forward(const MicroBatch& batch) override {
    T* y = y_.value(batch.first);
    rows::copy(in_[0].value(batch.first) + from_, in_[0].channels(), y, y_.channels(),
               y_.channels(), batch.clips * y_.shape().frames);
    if (in_.size() > 1) rows::add(in_[1].value(batch.first), y, y_.size(batch));
  }

  // Slices of one activation do not overlap, so the first one called clears the others' channels.
  void backward(const MicroBatch& batch) override {
    if (in_[0].wants_gradient()) {
      T* dx = in_[0].gradient(batch.first);
      if (!accumulates_) std::fill_n(dx, in_[0].size(batch), T());
      rows::add(y_.gradient(batch.first), dx + from_, in_[0].channels(), y_.channels(),
                batch.clips * y_.shape().frames);
    }
    if (in_.size() > 1) rows::pass_gradient(y_, in_[1], batch);
  }

 private:
  std::vector<InputView<T>> in_;
  bool accumulates_;
  ActivationView<T> y_;
  std::size_t from_;
};

/// Channels [from, from + out) of the first input, plus the second input where there is one: a
/// chunk of a Res2 block and what it takes over from the chunk before (Gao et al. 2019).
class Slice final : public Layer {
 public:
  void keys(Fields& f) override {
    f.whole({"out", "channels", "number of channels that pass"}, out_, 1, 65536);
    f.whole({"from", "channels", "first channel that passes, counted from 0"}, from_, 0, 65536);
  }
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 1, 2);
    expect_range("out", out_, in[0].channels);
    if (from_ + out_ > in[0].channels)
      throw Error(Fault::config,
                  fmt::format("from: expected at most {}, found {}; the input has {} channels",
                              in[0].channels - out_, from_, in[0].channels));
    expect_channels(in.subspan(1), out_);
  }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, in[0].frames, out_};
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<SliceOp>(out.number, in, out, from_);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    const OnnxBuilder::Names inputs{in[0], graph.integers(name + ".from", {whole(from_)}),
                                    graph.integers(name + ".to", {whole(from_ + out_)}),
                                    graph.integers(name + ".axis", {1})};
    if (in.size() == 1) return graph.node("Slice", inputs, name);
    return graph.node("Add", {graph.node("Slice", inputs, name + ".chunk"), in[1]}, name);
  }

 private:
  std::size_t from_ = 0, out_ = 0;
};

}  // namespace

LayerKind add_kind() {
  return {"add", "the sum of 2 to 64 inputs of as many channels", new_layer<Add>};
}
LayerKind concat_kind() {
  return {"concat", "the channels of 2 to 64 inputs side by side", new_layer<Concat>};
}
LayerKind slice_kind() {
  return {"slice", "the channels [from, from + out) of the first input; a second input is added",
          new_layer<Slice>};
}

}  // namespace twinear::nn
