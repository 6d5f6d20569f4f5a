// SPDX-License-Identifier: Apache-2.0
#include "data/csv.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"

namespace twinear {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, SplitsAtCommasAndKeepsEmptyFields) {
  const auto records = parse_csv("a,b,c\n1,,\n", "f");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].fields, (Fields{"a", "b", "c"}));
  EXPECT_EQ(records[1].fields, (Fields{"1", "", ""}));
}

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLines) {
  const auto records = parse_csv("\"a,b\",\"say \"\"ho\"\"\",\"two\nlines\"\nnext,\"\",x\n", "f");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].fields, (Fields{"a,b", "say \"ho\"", "two\nlines"}));
  EXPECT_EQ(records[1].fields, (Fields{"next", "", "x"}));
  EXPECT_EQ(records[1].line, 3U);
}

TEST(Csv, TakesWindowsLinesAByteOrderMarkAndNoLastLineEnd) {
  const auto records = parse_csv("\xEF\xBB\xBFpath,label\r\n\r\na,b\r\n\nc,d", "f");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].fields, (Fields{"path", "label"}));
  EXPECT_EQ(records[1].fields, (Fields{"a", "b"}));
  EXPECT_EQ(records[1].line, 3U);
  EXPECT_EQ(records[2].fields, (Fields{"c", "d"}));
  EXPECT_EQ(records[2].line, 5U);
}

TEST(Csv, TakesTheLinesOfOldEditors) {
  const auto records = parse_csv("path,label\ra.wav,\"x, y\"\rb.wav,z", "f");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].fields, (Fields{"a.wav", "x, y"}));
  EXPECT_EQ(records[2].line, 3U);
}

TEST(Csv, RefusesQuotesThatDoNotAddUp) {
  expect_error([] { parse_csv("a\nb,\"c\nd\n", "f"); }, Fault::format,
               "f:2: a quote is not closed");
  expect_error([] { parse_csv("a,b\"c\n", "f"); }, Fault::format,
               "f:1: a quote within an unquoted field");
  expect_error([] { parse_csv("\n\"a\"b,c\n", "f"); }, Fault::format,
               "f:2: text after a closing quote; expected a comma or the end of the line");
}

TEST(Csv, AFieldIsReadBackAsItWas) {
  for (const std::string field : {"", "plain", "a,b", "say \"no\"", "two\nlines", "\""}) {
    const auto records = parse_csv("x," + csv_field(field) + ",y\n", "here");
    ASSERT_EQ(records.size(), 1U) << field;
    EXPECT_EQ(records[0].fields, (std::vector<std::string>{"x", field, "y"}));
  }
  EXPECT_EQ(csv_field("plain"), "plain");
}

TEST(Csv, NothingIsNoRecords) {
  EXPECT_TRUE(parse_csv("", "f").empty());
  EXPECT_TRUE(parse_csv("\n\r\n\n", "f").empty());
}

}  // namespace
}  // namespace twinear
