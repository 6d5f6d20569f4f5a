// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/expect_error.h"

namespace twinear {
namespace {

TEST(Json, KeepsTheOrderOfItsKeys) {
  EXPECT_EQ(parse_json(R"({"b": 1, "a": [2.5, null, true]})", "f").dump(),
            R"({"b":1,"a":[2.5,null,true]})");
}

TEST(Json, RefusesTheSecondOfTwoEqualKeys) {
  const auto refused = [](const char* text) {
    expect_error([&] { parse_json(text, "f.json"); }, Fault::format, "f.json: duplicate key \"a\"");
  };
  refused(R"({"a": 1, "a": 1})");
  refused(R"({"b": {"a": 1, "c": {}, "a": 2}})");
  refused(R"([{"a": 1}, {"a": 1, "\u0061": 2}])");
}

TEST(Json, TwoObjectsMayHaveTheSameKey) {
  EXPECT_EQ(parse_json(R"([{"a": 1}, {"a": {"a": 2}}])", "f").size(), 2U);
}

TEST(Json, RefusesMalformedText) {
  for (const char* text : {"", "{", "{'a': 1}", "[1,]", "nan", "{} {}", "\"\xff\""})
    expect_error([&] { parse_json(text, "f"); }, Fault::format, "f: not valid JSON");
}

}  // namespace
}  // namespace twinear
