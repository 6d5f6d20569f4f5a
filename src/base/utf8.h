// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear {

/// `text` with U+FFFD in place of each byte sequence that is not UTF-8; file names may hold such
/// sequences. A text in valid UTF-8 is returned unchanged.
std::string valid_utf8(const std::string& text);

}  // namespace twinear
