// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace twinear {

/// The label of a clip that has none, where labels are numbered from 0.
inline constexpr int no_label = -1;

}  // namespace twinear
