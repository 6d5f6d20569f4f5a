// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"
#include "nn/rows.h"

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
    for (const InputView<T>& x : in_) {
      if (!x.wants_gradient()) continue;
      auto dx = x.gradient_of(batch);
      std::copy_n(y_.gradient(batch.first), y_.size(batch), dx.data());
    }
  }

 private:
  std::vector<InputView<T>> in_;
  ActivationView<T> y_;
};

/// The sum of inputs of one shape: a residual connection.
class Add final : public Layer {
 public:
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 2, 64);
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

}  // namespace

LayerKind add_kind() {
  return {"add", "the sum of 2 to 64 inputs of as many channels", new_layer<Add>};
}

}  // namespace twinear::nn
