// SPDX-License-Identifier: Apache-2.0
#include "base/spellings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "base/settings.h"
#include "temporary_folder.h"

namespace twinear {

enum class Alignment { hop_middle, hop_start };
enum class Mean { none, per_bin, global };

struct Frames {
  Alignment alignment = Alignment::hop_middle;
  Mean norm = Mean::none;
};

void fields(Fields& f, Frames& frames) {
  f.choice("frame_alignment", frames.alignment, {"hop-middle", "hop-start"});
  f.choice("norm", frames.norm, {"none", "per-bin", "global"});
}

namespace {

TEST(Spellings, OldKeysAndValuesAreReadAndTheNewOnesAreNamed) {
  const TemporaryFolder folder;
  const std::string path =
      put(folder / "r.toml", "[frames]\nframe_centre = \"hop-start\"\nnorm = \"level\"\n");
  auto settings = Settings::from_toml(path);
  Frames frames;
  settings.read("frames", frames);
  EXPECT_EQ(frames.alignment, Alignment::hop_start);
  EXPECT_EQ(frames.norm, Mean::global);
  EXPECT_EQ(
      settings.old_spellings(),
      (std::vector<std::string>{path + ":2: \"frame_centre\" is now called \"frame_alignment\"",
                                path + ":3: norm = \"level\" is now called \"global\""}));
}

TEST(Spellings, AnOverrideMayUseTheOldOnes) {
  Settings settings;
  settings.override("frames.frame_center=hop-start");
  settings.override("frames.norm=band");
  Frames frames;
  settings.read("frames", frames);
  EXPECT_EQ(frames.alignment, Alignment::hop_start);
  EXPECT_EQ(frames.norm, Mean::per_bin);
  EXPECT_EQ(settings.old_spellings().size(), 2U);
}

TEST(Spellings, AKeyThatIsGivenByBothNamesIsRefused) {
  const TemporaryFolder folder;
  const std::string path = put(folder / "r.toml",
                               "[frames]\nframe_alignment = \"hop-start\"\n"
                               "frame_centre = \"hop-start\"\n");
  expect_error([&] { Settings::from_toml(path); }, Fault::config,
               path + ":3: \"frame_centre\" and \"frame_alignment\" are the same key");
}

TEST(Spellings, WordsOfTodayAndOtherKeysKeepTheirs) {
  EXPECT_EQ(key_today("norm"), "norm");
  EXPECT_EQ(value_today("norm", "global"), "global");
  EXPECT_EQ(value_today("label", "level"), "level");
}

TEST(Spellings, ADocumentIsSpelledAsTodayAtAnyDepthAndInItsOrder) {
  const auto old = nlohmann::ordered_json::parse(
      R"({"b": 1, "recipe": {"front_end": {"frame_centre": "hop-start", "norm": "level"},)"
      R"( "list": [{"mask_bands": 2}, "level"]}})");
  EXPECT_EQ(spelled_today(old).dump(),
            R"({"b":1,"recipe":{"front_end":{"frame_alignment":"hop-start","norm":"global"},)"
            R"("list":[{"frequency_masks":2},"level"]}})");
}

}  // namespace
}  // namespace twinear
