// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "features/golden_signal.h"
#include "twinear/error.h"
#include "twinear/features.h"

namespace twinear {
namespace {

/// The frames that a stream gives for a clip in pieces; next() gives the length of each piece.
Matrix streamed(LogMelStream& stream, std::span<const float> clip, auto next) {
  std::vector<float> values;
  std::size_t bins = 0;
  const auto take = [&](const Matrix& frames) {
    values.insert(values.end(), frames.values().begin(), frames.values().end());
    bins = frames.cols();
  };
  while (!clip.empty()) {
    const std::size_t count = std::min<std::size_t>(next(), clip.size());
    take(stream.push(clip.first(count)));
    clip = clip.subspan(count);
  }
  take(stream.finish());
  Matrix all(values.size() / bins, bins);
  std::ranges::copy(values, all.values().begin());
  return all;
}

struct Dialect {
  std::string name;
  FrontEnd front_end;
};

std::vector<Dialect> dialects() {
  FrontEnd speechbrain = front_end_preset("speechbrain"), librosa = front_end_preset("librosa");
  speechbrain.top_db = librosa.top_db = 0;
  speechbrain.norm = Norm::none;
  FrontEnd gaps, centered_on_odd_hops = front_end_preset("torchaudio");
  gaps.hop_ms = 31.0;
  centered_on_odd_hops.hop_ms = 161.0 / 16.0;
  centered_on_odd_hops.window_ms = 399.0 / 16.0;
  return {{"kaldi", {.dither = 1.0}},
          {"sherpa", front_end_preset("sherpa")},
          {"gaps between frames", gaps},
          {"gaps, mirrored", {.hop_ms = 62.5, .snip_edges = false}},
          {"torchaudio", front_end_preset("torchaudio")},
          {"odd sizes", centered_on_odd_hops},
          {"librosa", librosa},
          {"speechbrain", speechbrain},
          {"sliding", {.norm = Norm::sliding}},
          {"sliding, short", {.norm = Norm::sliding, .sliding = {.frames = 20, .variance = true}}},
          {"sliding over the past",
           {.norm = Norm::sliding, .sliding = {.frames = 30, .centered = false, .min_frames = 10}}},
          {"sliding, late start",
           {.norm = Norm::sliding, .sliding = {.frames = 10, .centered = false}}}};
}

TEST(LogMelStream, PiecesOfAnySizeGiveTheFramesOfTheWholeClip) {
  for (const auto& [name, front_end] : dialects()) {
    SCOPED_TRACE(name);
    const LogMel log_mel(front_end);
    LogMelStream stream(front_end, 3);
    const auto signal = golden_signal(24000);
    const Matrix whole = log_mel(signal, 3);
    for (const std::size_t size : {37U, 160U, 400U, 4096U, 24000U})
      ASSERT_EQ(streamed(stream, signal, [&] { return size; }), whole) << "pieces of " << size;
    Random random(1, Purpose::test);
    ASSERT_EQ(streamed(stream, signal, [&] { return random.below(1500); }), whole);
  }
}

TEST(LogMelStream, AClipOfAnyLengthGivesTheFramesOfTheWholeClip) {
  for (const auto& [name, front_end] : dialects()) {
    SCOPED_TRACE(name);
    const LogMel log_mel(front_end);
    LogMelStream stream(front_end);
    const auto signal = golden_signal(2000);
    for (std::size_t n = 0; n <= 2000; n += n < 420 ? 7 : 41) {
      const std::span<const float> clip(signal.data(), n);
      ASSERT_EQ(streamed(stream, clip, [] { return 97; }), log_mel(clip)) << n;
    }
  }
}

TEST(LogMelStream, AFrameComesWithItsLastSample) {
  const auto signal = golden_signal(3000);
  const auto first_at = [&](const FrontEnd& front_end, std::size_t frame) {
    LogMelStream stream(front_end);
    std::size_t seen = 0, at = 0;
    for (; seen <= frame; ++at) seen += stream.push(std::span(signal).subspan(at, 1)).rows();
    return at;
  };
  EXPECT_EQ(first_at({}, 0), 400U);
  EXPECT_EQ(first_at({}, 7), 400U + 7 * 160);
  EXPECT_EQ(first_at({.snip_edges = false}, 0), 280U);  // around sample 80
  FrontEnd centered = front_end_preset("torchaudio");
  EXPECT_EQ(first_at(centered, 0), 201U);  // what lies before it mirrors samples 1 to 200
  EXPECT_EQ(first_at(centered, 1), 200U + 160);
  centered.padding = Padding::zero;
  EXPECT_EQ(first_at(centered, 0), 200U);
}

TEST(LogMelStream, SlidingWaitsForItsWindow) {
  const auto signal = golden_signal(16000);
  const auto given_after = [&](const SlidingNorm& sliding, std::size_t frames) {
    LogMelStream stream({.norm = Norm::sliding, .sliding = sliding});
    return stream.push(std::span(signal).first(400 + (frames - 1) * 160)).rows();
  };
  EXPECT_EQ(given_after({.frames = 40}, 39), 0U);
  EXPECT_EQ(given_after({.frames = 40}, 40), 21U);  // frame 20 sees 0 to 39
  EXPECT_EQ(given_after({.frames = 40}, 60), 41U);
  EXPECT_EQ(given_after({.centered = false, .min_frames = 30}, 29), 0U);
  EXPECT_EQ(given_after({.centered = false, .min_frames = 30}, 30), 30U);
  EXPECT_EQ(given_after({.centered = false, .min_frames = 30}, 31), 31U);
}

TEST(LogMelStream, RefusesWhatNeedsTheWholeClip) {
  const auto refused = [](const FrontEnd& front_end, const std::string& reason) {
    try {
      const LogMelStream stream(front_end);
      ADD_FAILURE() << "accepted; expected: " << reason;
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      EXPECT_EQ(e.what(), "front end: it cannot be streamed: " + reason);
    }
  };
  const std::string mean = "norm subtracts a mean over the whole clip; norm = \"sliding\" does not";
  for (const Norm norm : {Norm::per_bin, Norm::global, Norm::per_bin_variance})
    refused({.norm = norm}, mean);
  refused({.log = LogScale::db, .top_db = 80.0}, "top_db is relative to the clip's highest value");
}

TEST(LogMelStream, ALongClipGivesAsManyFramesAsItHas) {
  LogMelStream stream({.norm = Norm::sliding});
  const auto minute = golden_signal(16000);
  std::size_t frames = 0;
  for (int i = 0; i < 50; ++i) frames += stream.push(minute).rows();
  frames += stream.finish().rows();
  EXPECT_EQ(frames, LogMel().frames(50 * 16000));
}

}  // namespace
}  // namespace twinear
