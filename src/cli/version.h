// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear::cli {

/// As in 1.2.3.
std::string program_version();

/// The program's version, then a line for each library that it stands on.
std::string version_text();

}  // namespace twinear::cli
