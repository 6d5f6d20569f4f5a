// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

namespace twinear {

/// ln(1 + e^x), without overflow.
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// 1 / (1 + e^-x), the derivative of softplus().
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace twinear
