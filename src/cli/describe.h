// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace twinear::cli {

/// A script that completes the words of the program in "bash", "zsh" or "fish".
std::string completion(const CLI::App& program, const std::string& shell);

/// The pages of the program and of each of its commands, in man(7), by the names of their files.
/// `date` is as it stands in their feet.
std::map<std::string, std::string> manual(const CLI::App& program, const std::string& date);

}  // namespace twinear::cli
