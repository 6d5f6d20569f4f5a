// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/layers.h"
#include "nn/rows.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

template <class T>
class SliceOp final : public Op {
 public:
  SliceOp(std::span<const Input> in, Activation& out, std::size_t from)
      : in_(in.begin(), in.end()), accumulates_(in[0].accumulates), y_(out), from_(from) {}

  void forward(const MicroBatch& batch) override {
    T* y = y_.value(batch.first);
    rows::copy(in_[0].value(batch.first) + from_, in_[0].channels(), y, y_.channels(),
               y_.channels(), count(batch));
    if (in_.size() > 1) rows::add(in_[1].value(batch.first), y, y_.size(batch));
  }

  // Slices of one activation do not overlap, so the first one called clears the others' channels.
  void backward(const MicroBatch& batch) override {
    const T* dy = y_.gradient(batch.first);
    if (in_[0].wants_gradient()) {
      T* dx = in_[0].gradient(batch.first);
      if (!accumulates_) std::fill_n(dx, in_[0].size(batch), T());
      rows::add(dy, dx + from_, in_[0].channels(), y_.channels(), count(batch));
    }
    if (in_.size() > 1 && in_[1].wants_gradient()) {
      auto dx = in_[1].gradient_of(batch);
      std::copy_n(dy, y_.size(batch), dx.data());
    }
  }

 private:
  std::size_t count(const MicroBatch& batch) const { return batch.clips * y_.shape().frames; }

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
      throw Error(Fault::config, fmt::format("from: expected at most {}, found {}; the input has "
                                             "{} channels",
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

LayerKind slice_kind() {
  return {"slice", "the channels [from, from + out) of the first input; a second input is added",
          new_layer<Slice>};
}

}  // namespace twinear::nn
