// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear {

std::string onednn_version();  ///< of the library that runs, e.g. "2.6.3"
std::string onednn_isa();      ///< the instruction set that it chose on this CPU
bool has_bf16();               ///< whether it multiplies in bf16 there, not in an imitation

}  // namespace twinear
