// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "nn/network.h"

namespace twinear {

/// Fills `to` with the weights and statistics of `from`, which has at least the layers of `to` that
/// have weights, by the same names and of the same kinds, and at least as many channels in each. Of
/// a layer's channels those are kept that the layers of `from` read most: the sum, over the
/// convolutions and projections that read it, of a channel's share of their squared weights, times
/// the mean square that the batch norm before them lets it have. Layers for which `anew` is true
/// stay as they are. Throws Error (mismatch) for a layer that `from` does not have, or not so wide,
/// and for one of another kind than convolution, projection, norm, context mask, concatenation,
/// sum, pooled statistics or activation unless it is the same in both.
void narrow(const nn::Network& from, nn::Network& to,
            const std::function<bool(const std::string&)>& anew);

}  // namespace twinear
