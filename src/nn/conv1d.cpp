// SPDX-License-Identifier: Apache-2.0
#include "nn/conv1d.h"

#include <fmt/format.h>

#include "nn/layers.h"
#include "nn/onnx_forms.h"
#include "twinear/error.h"

namespace twinear::nn {

void Conv1d::keys(Fields& f) {
  f.whole({"out", "channels", "width of the output"}, options_.out, 1, 65536);
  if (!linear_) {
    f.whole({"kernel", "frames", "width of the kernel, odd"}, options_.kernel, 1, 1023);
    f.whole({"stride", "frames", "input frames from one output frame to the next"}, options_.stride,
            1, 1023);
    f.whole({"dilation", "frames", "from one frame of the kernel to the next"}, options_.dilation,
            1, 1023);
    f.flag({"reflect", "", "mirror a clip at its ends instead of adding zeros"}, options_.reflect);
  }
  f.flag({"bias", "", "add a learned number to each channel"}, options_.bias);
}

void Conv1d::build(std::span<const Shape> in) {
  expect_inputs(in, 1, 1);
  Conv1dOptions& o = options_;
  o.in = in[0].channels;
  expect_range("out", o.out, 65536);
  if (o.kernel % 2 == 0)
    throw Error(Fault::config, fmt::format("kernel: expected an odd number, found {}", o.kernel));
  const std::size_t fan_in = o.in * o.kernel;
  expect_weights(fan_in * o.out);
  const std::vector<std::size_t> shape =
      linear_ ? std::vector{o.out, o.in} : std::vector{o.out, o.in, o.kernel};
  parameters_.push_back(make_parameter("weight", shape, fan_in));
  if (o.bias) parameters_.push_back(make_parameter("bias", {o.out}, fan_in));
}

Shape Conv1d::output(std::span<const Shape> in) const {
  return {in[0].clips, output_length(in[0].frames), options_.out};
}

double Conv1d::multiply_adds(std::span<const Shape> in) const {
  return static_cast<double>(output(in).size()) *
         static_cast<double>(options_.in * options_.kernel);
}

std::unique_ptr<Op> Conv1d::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_conv1d_op(*this, nullptr, in[0], out, mode);
}

std::unique_ptr<Op> Conv1d::prepare_fused(Layer& next, std::span<const Input> in, Activation& out) {
  const auto* norm = dynamic_cast<const BatchNorm*>(&next);
  if (norm == nullptr) return nullptr;
  return make_conv1d_op(*this, norm, in[0], out, Mode::inference);
}

std::string Conv1d::to_onnx(OnnxBuilder& graph, const std::string& name,
                            const OnnxBuilder::Names& in) const {
  using Sizes = OnnxBuilder::Sizes;
  const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const Conv1dOptions& o = options_;
  const std::int64_t margin = whole(o.margin());
  std::string x = in[0];
  if (o.reflect && margin > 0)
    x = graph.node("Pad", {x, graph.integers(name + ".margins", {0, 0, margin, 0, 0, margin})},
                   name + ".pad", {{"mode", std::string("reflect")}});
  OnnxBuilder::Names inputs{
      x, onnx::weights(graph, name, parameters_[0], {whole(o.out), whole(o.in), whole(o.kernel)})};
  if (o.bias) inputs.push_back(onnx::weights(graph, name, parameters_[1]));
  const std::int64_t pad = o.reflect ? 0 : margin;
  return graph.node("Conv", inputs, name,
                    {{"strides", Sizes{whole(o.stride)}},
                     {"dilations", Sizes{whole(o.dilation)}},
                     {"pads", Sizes{pad, pad}}});
}

LayerKind conv1d_kind() { return {"conv1d", "a convolution over time", new_layer<Conv1d>}; }

LayerKind linear_kind() {
  return {"linear", "a linear map of the pooled vector",
          [] { return std::make_unique<Conv1d>(true); }};
}

}  // namespace twinear::nn
