// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace twinear::nn {

/// y = max(0, x). Its slope at 0 is 0.
class Relu final : public Layer {
 public:
  std::string_view kind() const override { return "relu"; }
  Shape output(Shape input) const override { return input; }
  std::unique_ptr<Step> prepare(Flow& in, Flow& out, Mode mode) override;
};

}  // namespace twinear::nn
