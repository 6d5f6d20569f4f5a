// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "linalg/onednn.h"
#include "twinear/layer.h"
#include "twinear/tensor.h"

namespace twinear::nn {

/// The gradients of a convolution's weights and bias. Each micro-batch writes its own, that of the
/// weights in the layout that its primitive gives.
class ConvGradients {
 public:
  /// The layouts of the weights' gradient: in the parameter, and of a whole micro-batch and of a
  /// smaller last one, where there are such.
  struct Layouts {
    dnnl::memory::desc plain;
    std::optional<dnnl::memory::desc> full = {}, rest = {};
  };
  /// `bias` is nullptr where there is none.
  void prepare(std::size_t micro_batches, Layouts layouts, const Parameter& weight,
               const Parameter* bias);

  float* weight(const MicroBatch& batch) { return weight_.of(batch); }
  /// nullptr where there is no bias.
  float* bias(const MicroBatch& batch) { return bias_.size() > 0 ? bias_.of(batch) : nullptr; }

  /// Adds the gradients of all micro-batches to those of the parameters.
  void add_to(Parameter& weight, Parameter* bias);

 private:
  Layouts layouts_;
  GradientSlots weight_, bias_;
  Buffer plain_;
};

/// An op of a convolution, ConvOp<In, T>, whose input stores numbers of type In and whose output
/// those of type T.
template <template <class In, class T> class ConvOp, class... Arguments>
std::unique_ptr<Op> make_conv_op(const Input& in, const Activation& out, Arguments&&... arguments) {
  if (in.activation->number == Number::bf16)
    return std::make_unique<ConvOp<BFloat16, BFloat16>>(std::forward<Arguments>(arguments)...);
  if (out.number == Number::bf16)
    return std::make_unique<ConvOp<float, BFloat16>>(std::forward<Arguments>(arguments)...);
  return std::make_unique<ConvOp<float, float>>(std::forward<Arguments>(arguments)...);
}

}  // namespace twinear::nn
