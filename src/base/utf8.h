// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear {

/// Replaces each byte sequence of `text` that is not UTF-8, which file names may have, by U+FFFD.
/// Returns valid UTF-8 unchanged.
std::string valid_utf8(const std::string& text);

}  // namespace twinear
