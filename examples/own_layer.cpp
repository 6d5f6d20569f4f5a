// SPDX-License-Identifier: Apache-2.0
// own_layer OUT.onnx: registers the layer swish, y = x / (1 + e^-x) (Ramachandran et al. 2017),
// builds an encoder with it, takes some steps of training and exports the result as ONNX.
#include <twinear/error.h>
#include <twinear/exchange.h>
#include <twinear/layer.h>
#include <twinear/trainer.h>

#include <cmath>
#include <cstdio>

namespace nn = twinear::nn;

class SwishOp final : public nn::Op {
 public:
  SwishOp(const nn::Input& in, nn::Activation& out) : x_(in), y_(out) {}
  void forward(const nn::MicroBatch& batch) override {
    const float* x = x_.value(batch.first);
    float* y = y_.value(batch.first);  // swish(0) is 0, so padding stays zeros
    for (std::size_t i = 0; i < y_.size(batch); ++i) y[i] = x[i] / (1 + std::exp(-x[i]));
  }
  void backward(const nn::MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    const float *x = x_.value(batch.first), *dy = y_.gradient(batch.first);
    for (std::size_t i = 0; i < y_.size(batch); ++i) {
      const float s = 1 / (1 + std::exp(-x[i]));
      dx.data()[i] = dy[i] * s * (1 + x[i] * (1 - s));
    }
  }

 private:
  nn::InputView<float> x_;
  nn::ActivationView<float> y_;
};

class Swish final : public nn::Layer {
  nn::Number stored_as(nn::Number, nn::Number) const override { return nn::Number::f32; }
  std::unique_ptr<nn::Op> prepare(std::span<const nn::Input> in, nn::Activation& out,
                                  nn::Mode) override {
    return std::make_unique<SwishOp>(in[0], out);
  }
  std::string to_onnx(twinear::OnnxBuilder& graph, const std::string& name,
                      const twinear::OnnxBuilder::Names& in) const override {
    return graph.node("Mul", {in[0], graph.node("Sigmoid", {in[0]}, name + ".gate")}, name);
  }
};

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  nn::layers().add({"swish", "y = x / (1 + e^-x)", nn::new_layer<Swish>});
  const std::string out = argv[2];
  twinear::train(twinear::read_recipe(argv[1]), {.out = out, .seed = 1});
  twinear::export_onnx(twinear::load_model(out + "/model.safetensors"), out + "/model.onnx");
  std::printf("%s/model.onnx\n", out.c_str());
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
