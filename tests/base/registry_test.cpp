// SPDX-License-Identifier: Apache-2.0
#include "twinear/registry.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/expect_error.h"

namespace twinear {
namespace {

struct Shape {
  std::string name;
  int corners;
};

Registry<Shape> shapes() { return {"shape", {{"triangle", 3}, {"square", 4}}}; }

TEST(Registry, FindsKindsByNameAndListsThemInTheOrderOfRegistration) {
  auto family = shapes();
  const Shape& square = family.find("square");
  for (int i = 5; i < 100; ++i) family.add({"polygon " + std::to_string(i), i});
  EXPECT_EQ(square.corners, 4);  // a reference holds while others are added
  EXPECT_EQ(family.find("polygon 99").corners, 99);
  EXPECT_EQ(family.names()[1], "square");
  int corners = 3;
  for (const Shape& shape : family) EXPECT_EQ(shape.corners, corners++);
}

TEST(Registry, AnUnknownNameIsRefusedWithTheNearestAndAllOthers) {
  const auto family = shapes();
  expect_error([&] { family.find("sqare"); }, Fault::config,
               "unknown shape \"sqare\"; did you mean \"square\"? known: triangle, square");
  expect_error([&] { family.find("dodecahedron"); }, Fault::config,
               "unknown shape \"dodecahedron\"; known: triangle, square");
}

TEST(Registry, ANameIsTakenOnce) {
  auto family = shapes();
  EXPECT_THROW(family.add({"square", 5}), std::invalid_argument);
  EXPECT_THROW(family.add({"", 5}), std::invalid_argument);
  EXPECT_EQ(family.names().size(), 2U);
  EXPECT_EQ(family.find("square").corners, 4);
}

}  // namespace
}  // namespace twinear
