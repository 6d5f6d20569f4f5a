// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/layer.h"

/// The built-in kinds of layers: the kind x is what x_kind() returns.
#define TWINEAR_LAYER_KINDS(kind)                                                              \
  kind(add) kind(attentive_pool) kind(batch_norm) kind(concat) kind(context_conv)              \
      kind(context_mask) kind(conv1d) kind(conv2d) kind(flatten) kind(gelu) kind(l2_normalize) \
          kind(leaky_relu) kind(linear) kind(relu) kind(slice) kind(squeeze_excite)            \
              kind(stats_pool) kind(tanh)

namespace twinear::nn {

#define TWINEAR_DECLARE(name) LayerKind name##_kind();
TWINEAR_LAYER_KINDS(TWINEAR_DECLARE)
#undef TWINEAR_DECLARE

}  // namespace twinear::nn
