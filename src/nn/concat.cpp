// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"
#include "nn/rows.h"

namespace twinear::nn {
namespace {

template <class T>
class ConcatOp final : public Op {
 public:
  ConcatOp(std::span<const Input> in, Activation& out) : in_(in.begin(), in.end()), y_(out) {}

  void forward(const MicroBatch& batch) override {
    T* y = y_.value(batch.first);
    for (const InputView<T>& x : in_) {
      rows::copy(x.value(batch.first), x.channels(), y, y_.channels(), x.channels(), count(batch));
      y += x.channels();
    }
  }

  void backward(const MicroBatch& batch) override {
    const T* dy = y_.gradient(batch.first);
    for (const InputView<T>& x : in_) {
      if (x.wants_gradient()) {
        auto dx = x.gradient_of(batch);
        rows::copy(dy, y_.channels(), dx.data(), x.channels(), x.channels(), count(batch));
      }
      dy += x.channels();
    }
  }

 private:
  std::size_t count(const MicroBatch& batch) const { return batch.clips * y_.shape().frames; }

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
    return graph.node("Concat", in, name, {{"axis", std::int64_t{1}}});
  }
};

}  // namespace

LayerKind concat_kind() {
  return {"concat", "the channels of 2 to 64 inputs side by side", new_layer<Concat>};
}

}  // namespace twinear::nn
