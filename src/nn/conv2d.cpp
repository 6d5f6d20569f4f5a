// SPDX-License-Identifier: Apache-2.0
#include "nn/conv2d.h"

#include <fmt/format.h>

#include "nn/layers.h"
#include "nn/onnx_forms.h"
#include "twinear/error.h"

namespace twinear::nn {

void Conv2d::keys(Fields& f) {
  f.whole({"out", "maps", "maps of the output"}, options_.out, 1, 65536);
  f.whole({"kernel", "frames and bands", "width of the kernel, odd"}, options_.kernel, 1, 63);
  f.whole({"stride", "bands", "input bands from one output band to the next"}, options_.stride, 1,
          63);
  f.flag({"bias", "", "add a learned number to each map"}, options_.bias);
}

void Conv2d::build(std::span<const Shape> in) {
  expect_inputs(in, 1, 1, Maps::taken);
  Conv2dOptions& o = options_;
  makes_maps_ = in[0].bands == 0;
  o.bands = makes_maps_ ? in[0].channels : in[0].bands;
  o.in = in[0].channels / o.bands;
  expect_range("out", o.out, 65536);
  if (o.kernel % 2 == 0)
    throw Error(Fault::config, fmt::format("kernel: expected an odd number, found {}", o.kernel));
  const std::size_t fan_in = o.in * o.kernel * o.kernel;
  expect_weights(fan_in * o.out);
  parameters_.push_back(make_parameter("weight", {o.out, o.in, o.kernel, o.kernel}, fan_in));
  if (o.bias) parameters_.push_back(make_parameter("bias", {o.out}, fan_in));
}

Shape Conv2d::output(std::span<const Shape> in) const {
  const std::size_t bands = options_.bands_out();
  return {in[0].clips, in[0].frames, options_.out * bands, bands};
}

double Conv2d::multiply_adds(std::span<const Shape> in) const {
  return static_cast<double>(output(in).size()) *
         static_cast<double>(options_.in * options_.kernel * options_.kernel);
}

std::unique_ptr<Op> Conv2d::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_conv2d_op(*this, nullptr, in[0], out, mode);
}

std::unique_ptr<Op> Conv2d::prepare_fused(Layer& next, std::span<const Input> in, Activation& out) {
  const auto* norm = dynamic_cast<const BatchNorm*>(&next);
  if (norm == nullptr || norm->relu_first()) return nullptr;
  return make_conv2d_op(*this, norm, in[0], out, Mode::inference);
}

std::string Conv2d::to_onnx(OnnxBuilder& graph, const std::string& name,
                            const OnnxBuilder::Names& in) const {
  using Sizes = OnnxBuilder::Sizes;
  const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  std::string x = in[0];
  if (makes_maps_)
    x = graph.node("Reshape",
                   {x, graph.integers(name + ".shape", {0, 1, whole(options_.bands), -1})},
                   name + ".maps");
  OnnxBuilder::Names inputs{x, onnx::weights(graph, name, parameters_[0])};
  if (options_.bias) inputs.push_back(onnx::weights(graph, name, parameters_[1]));
  const std::int64_t pad = whole(options_.margin());
  return graph.node(
      "Conv", inputs, name,
      {{"strides", Sizes{whole(options_.stride), 1}}, {"pads", Sizes{pad, pad, pad, pad}}});
}

LayerKind conv2d_kind() {
  return {"conv2d", "a convolution over frames and bands, which gives maps", new_layer<Conv2d>};
}

}  // namespace twinear::nn
