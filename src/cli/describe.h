// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace twinear::cli {

/// The commands of a program or group but those that are hidden.
std::vector<const CLI::App*> shown(const CLI::App& app);

/// A script that completes the words of the program in "bash", "zsh" or "fish".
std::string completion(const CLI::App& program, const std::string& shell);

}  // namespace twinear::cli
