// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/json.h"

namespace twinear {
namespace {

TEST(Utf8, ValidTextIsUnchanged) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xB5\x01\"\\\n" + std::string(1, '\0');
  EXPECT_EQ(valid_utf8(text), text);
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(Utf8, OtherBytesAreReplaced) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(valid_utf8("\xff"
                       "a\x80\xC3"),
            replacement + "a" + replacement + replacement);
  for (const char* bad : {"\xC0\xAF",             // longer than need be
                          "\xED\xA0\x80",         // half of a surrogate pair
                          "\xF4\x90\x80\x80"}) {  // beyond the last character
    const std::string valid = valid_utf8(bad);
    EXPECT_TRUE(valid.starts_with(replacement));
    EXPECT_EQ(valid_utf8(valid), valid);
  }
}

}  // namespace
}  // namespace twinear
