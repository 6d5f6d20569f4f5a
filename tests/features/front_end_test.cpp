// SPDX-License-Identifier: Apache-2.0
#include "features/front_end.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "twinear/error.h"

namespace twinear {
namespace {

FrontEnd unlike_every_default() {
  return {.preset = "mine",
          .sample_rate = 8000,
          .window_ms = 32.5,
          .hop_ms = 12.5,
          .window = Window::hann,
          .periodic_window = true,
          .preemphasis = 0.5,
          .remove_dc = false,
          .dither = 0.25,
          .fft_size = 500,
          .mel_bins = 23,
          .low_hz = 60.0,
          .high_hz = -100.0,
          .mel_scale = MelScale::slaney,
          .filter_shape = FilterShape::hz_symmetric,
          .area_norm = true,
          .snip_edges = false,
          .frame_alignment = FrameAlignment::hop_start,
          .padding = Padding::zero,
          .scale = 2.0,
          .power = 1,
          .log = LogScale::db,
          .floor = 1e-5,
          .top_db = 60.0,
          .norm = Norm::per_bin_variance,
          .sliding = {.frames = 200, .centered = false, .min_frames = 50, .variance = true},
          .vad = Vad::energy,
          .vad_options = {.threshold = 4.0,
                          .mean_scale = 0.25,
                          .context = 7,
                          .proportion = 0.6,
                          .min_seconds = 0.25}};
}

TEST(FrontEnd, ItsJsonReadsBackAsTheSameValues) {
  FrontEnd read;
  Settings::from_json(to_json(unlike_every_default()), "model").read("", read);
  EXPECT_EQ(read, unlike_every_default());
}

TEST(FrontEnd, HasTheKeysThatAreDocumented) {
  const auto json = nlohmann::ordered_json::parse(to_json(FrontEnd{}));
  const auto contract = nlohmann::ordered_json::parse(
      R"({"preset":"kaldi","sample_rate":16000,"window_ms":25.0,"hop_ms":10.0,)"
      R"("window":"povey","preemphasis":0.97,"remove_dc":true,"dither":0.0,"fft_size":0,)"
      R"("mel_bins":80,"low_hz":20.0,"high_hz":0.0,"snip_edges":true,"scale":32768.0,)"
      R"("power":2,"log":"natural","norm":"none"})");
  for (const auto& [key, value] : contract.items()) EXPECT_EQ(json.at(key), value) << key;
}

// A model that was written before there were presets holds only these keys.
TEST(FrontEnd, KeysThatAModelLacksHaveKaldisValues) {
  FrontEnd read;
  Settings::from_json(
      R"({"preset":"kaldi","sample_rate":16000,"window_ms":25.0,"hop_ms":10.0,)"
      R"("window":"povey","preemphasis":0.97,"remove_dc":true,"dither":0.0,"fft_size":0,)"
      R"("mel_bins":80,"low_hz":20.0,"high_hz":0.0,"snip_edges":true,"scale":32768.0,)"
      R"("power":2,"log":"natural","norm":"sliding"})",
      "model")
      .read("", read);
  EXPECT_EQ(read, FrontEnd{.norm = Norm::sliding});
}

TEST(FrontEnd, RefusesAValueOutOfRangeWithItsPlace) {
  FrontEnd front_end;
  auto settings = Settings::from_json(R"({"preemphasis":1.01})", "m.safetensors");
  try {
    settings.read("", front_end);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "m.safetensors: preemphasis: expected a value from 0 to 1, found 1.01");
  }
}

TEST(FrontEnd, APresetIsFoundByItsNameAndCanBeBuilt) {
  EXPECT_EQ(front_end_preset("kaldi"), FrontEnd{});
  for (const char* name :
       {"kaldi", "wespeaker", "sherpa", "speechbrain", "librosa", "torchaudio"}) {
    EXPECT_EQ(front_end_preset(name).preset, name);
    EXPECT_NO_THROW(checked(front_end_preset(name))) << name;
  }
}

TEST(FrontEnd, AnUnknownPresetNamesTheNearest) {
  try {
    front_end_preset("kadli");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::config);
    EXPECT_STREQ(
        e.what(),
        "unknown preset \"kadli\"; did you mean \"kaldi\"? known: kaldi, wespeaker, sherpa, "
        "speechbrain, librosa, torchaudio");
  }
}

TEST(FrontEnd, APresetLikeNoOtherNamesThemAll) {
  try {
    front_end_preset("mfcc of old");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "unknown preset \"mfcc of old\"; known: kaldi, wespeaker, sherpa, "
                 "speechbrain, librosa, torchaudio");
  }
}

TEST(FrontEnd, CutsOffPartsOfASampleAsKaldiDoes) {
  const FrontEnd odd{.sample_rate = 11025};  // 275.625 and 110.25 samples
  EXPECT_EQ(window_size(odd), 275U);
  EXPECT_EQ(hop_size(odd), 110U);
  EXPECT_EQ(transform_size(odd), 512U);
}

TEST(FrontEnd, ANegativeUpperEdgeCountsFromNyquist) {
  EXPECT_EQ(upper_edge({.high_hz = -400.0}), 7600.0);
  EXPECT_EQ(upper_edge({.high_hz = 0.0}), 8000.0);
  EXPECT_EQ(upper_edge({.high_hz = 7000.0}), 7000.0);
}

}  // namespace
}  // namespace twinear
