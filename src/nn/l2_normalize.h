// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace twinear::nn {

/// y = x / max(|x|, 1e-6), frame by frame: embeddings on the unit sphere.
class L2Normalize final : public Layer {
 public:
  std::string_view kind() const override { return "l2_normalize"; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
};

}  // namespace twinear::nn
