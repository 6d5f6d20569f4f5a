// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
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

/// The pages of the program and of each of its commands, in man(7), by the names of their files.
/// `date` is as it stands in their feet.
std::map<std::string, std::string> manual(const CLI::App& program, const std::string& date);

}  // namespace twinear::cli
