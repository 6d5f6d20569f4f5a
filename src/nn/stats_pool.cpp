// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"
#include "nn/moments.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

/// T is what the frames are stored as; mean and deviation are floats.
template <class T>
class StatsPoolOp final : public Op {
 public:
  StatsPoolOp(const Deviation& how, const Input& in, Activation& out)
      : how_(how), x_(in), y_(out) {}

  void forward(const MicroBatch& batch) override {
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      pool_moments(x_.value(i), x_.length(i), x_.channels(), how_, y_.value(i),
                   y_.value(i) + x_.channels());
  }

  void backward(const MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      unpool_moments(x_.value(i), dx.clip(i), x_.length(i), x_.channels(), how_, y_.value(i),
                     y_.gradient(i));
    dx.clear_padding();
  }

 private:
  Deviation how_;
  InputView<T> x_;
  ActivationView<float> y_;
};

/// Mean and deviation of each channel over a clip's valid frames: C channels become 2 C, frames
/// become one (Snyder et al. 2017). Where the bound on the variance holds, the deviation's gradient
/// is 0.
class StatsPool final : public Layer {
 public:
  void keys(Fields& f) override {
    options_.keys(f);
    f.number({"eps", "", "is added to a variance before its root is taken"}, eps_, 0, 1);
  }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, 1, 2 * in[0].channels};
  }
  std::size_t output_length(std::size_t) const override { return 1; }
  Place place() const override { return Place::pooling; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode) override {
    return make_op<StatsPoolOp>(in[0].activation->number, how(), in[0], out);
  }
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override {
    return onnx::concat(graph, onnx::moments(graph, in[0], how(), name), name);
  }

 private:
  Deviation how() const {
    Deviation deviation = options_.deviation(1e-5);
    deviation.eps = static_cast<float>(eps_);
    return deviation;
  }

  DeviationOptions options_;
  double eps_ = 0;
};

}  // namespace

LayerKind stats_pool_kind() {
  return {"stats_pool", "mean and deviation of each channel over a clip's frames",
          new_layer<StatsPool>};
}

}  // namespace twinear::nn
