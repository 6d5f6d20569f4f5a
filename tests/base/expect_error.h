// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>

#include "twinear/error.h"

namespace twinear {

/// Fails unless `f` throws an Error of this kind whose text, one line, is `message`; a `*` at the
/// end of `message` stands for whatever follows.
inline void expect_error(auto f, Fault fault, std::string message) {
  try {
    f();
    ADD_FAILURE() << "no error; expected " << message;
  } catch (const Error& e) {
    const std::string said = e.what();
    EXPECT_EQ(e.fault(), fault) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    if (message.ends_with('*')) {
      message.pop_back();
      EXPECT_EQ(said.substr(0, message.size()), message);
    } else {
      EXPECT_EQ(said, message);
    }
  }
}

/// Writes a file of a test's own making and returns its path.
inline std::string put(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace twinear
