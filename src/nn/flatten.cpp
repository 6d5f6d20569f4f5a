// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

/// Writes each of `count` tables of rows x columns as columns x rows.
template <class T>
void transpose_tables(const T* from, T* to, std::size_t rows, std::size_t columns,
                      std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, from += rows * columns, to += rows * columns)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
}

template <class T>
class FlattenOp final : public Op {
 public:
  FlattenOp(const Input& in, Activation& out) : x_(in), y_(out) {}

  void forward(const MicroBatch& batch) override {
    transpose_tables(x_.value(batch.first), y_.value(batch.first), x_.shape().bands,
                     x_.shape().maps(), batch.clips * x_.shape().frames);
  }
  void backward(const MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    transpose_tables(y_.gradient(batch.first), dx.data(), x_.shape().maps(), x_.shape().bands,
                     batch.clips * x_.shape().frames);
  }

 private:
  InputView<T> x_;
  ActivationView<T> y_;
};

/// Maps as plain channels: all bands of the first map, then those of the second, and so on, as
/// PyTorch flattens [maps, bands].
class Flatten final : public Layer {
 public:
  void build(std::span<const Shape> in) override {
    expect_inputs(in, 1, 1, Maps::taken);
    if (in[0].bands == 0)
      throw Error(Fault::config,
                  "expected maps, found plain channels; the layer \"conv2d\" gives maps");
    channels_ = in[0].channels;
  }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, in[0].frames, in[0].channels};
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<FlattenOp>(out.number, in[0], out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    const auto shape =
        graph.integers(name + ".shape", {0, static_cast<std::int64_t>(channels_), -1});
    return graph.node("Reshape", {in[0], shape}, name);
  }

 private:
  std::size_t channels_ = 0;
};

}  // namespace

LayerKind flatten_kind() {
  return {"flatten", "the bands of all maps side by side, as plain channels", new_layer<Flatten>};
}

}  // namespace twinear::nn
