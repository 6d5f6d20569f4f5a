// SPDX-License-Identifier: Apache-2.0
#include "augment/augmenter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "augment/fir_filter.h"
#include "augment/noise.h"
#include "base/expect_error.h"
#include "base/threads.h"
#include "train/sound_corpus.h"
#include "twinear/augment.h"
#include "twinear/trainer.h"

namespace twinear {
namespace {

constexpr int rate = 16000;

/// A corpus of four clips, with a noise and an impulse response beside it.
class AugmentedClips : public ::testing::Test {
 protected:
  AugmentedClips() : manifest_(read_manifest(write_sound_corpus(folder_, "clips", 0, 2, 2))) {
    Random random(1, Purpose::test);
    write_audio(noise_, {rate, colored(3000)});
    std::vector<float> response(4000);
    response[200] = 0.9F;
    response[1800] = 0.3F;
    write_audio(response_, {rate, response});
    put(folder_ / "noises.csv", "path,label\nnoise.wav,hiss\n");
    put(folder_ / "responses.csv", "path,label\nresponse.wav,hall\n");
  }

  static std::vector<float> colored(std::size_t count) {
    Random random(1, Purpose::test);
    auto noise = colored_noise(count, -3, rate, random);
    const double scale = 0.1 / std::sqrt(mean_power(noise));
    for (float& x : noise) x *= static_cast<float>(scale);
    return noise;
  }

  std::vector<float> augmented(const AugmentOptions& options, std::size_t clip,
                               std::uint32_t epoch = 0, std::uint64_t seed = 0,
                               std::size_t budget = 1 << 20) const {
    const Manifest manifest = with_speed_labels(manifest_, options);
    const AugmentSources sources = read_augment_sources(options);
    return Augmenter(options, manifest.clips, sources, rate, seed, budget)(clip, epoch);
  }
  std::vector<float> plain(std::size_t clip) const {
    return read_audio(manifest_.clips[clip].path).samples;
  }
  /// The difference between an augmented clip and the clip.
  std::vector<float> added(const AugmentOptions& options, std::size_t clip) const {
    auto samples = augmented(options, clip);
    const auto before = plain(clip);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] -= before[i];
    return samples;
  }

  AugmentOptions everything() const {
    return {.speed = 0.5,
            .reverb = 0.5,
            .responses = folder_ / "responses.csv",
            .noise = 0.5,
            .noises = folder_ / "noises.csv",
            .colored_noise = 0.5,
            .microphone = 0.5,
            .band_limit = 0.5,
            .telephone = 0.5,
            .gain = 0.5};
  }

  TemporaryFolder folder_;
  Manifest manifest_;
  const std::string noise_ = folder_ / "noise.wav", response_ = folder_ / "response.wav";
};

TEST_F(AugmentedClips, NothingHappensByDefault) {
  EXPECT_FALSE(changes_sound({}));
  for (std::size_t clip = 0; clip < 4; ++clip) EXPECT_EQ(augmented({}, clip), plain(clip));
  EXPECT_FALSE(changes_sound({.spec_augment = 1}));
  EXPECT_TRUE(changes_sound({.speed_labels = true}));
  EXPECT_TRUE(changes_sound({.gain = 0.1}));
}

TEST_F(AugmentedClips, TheResultIsAPureFunctionOfSeedEpochAndClip) {
  const AugmentOptions options = everything();
  std::set<std::vector<float>> different;
  for (std::size_t clip = 0; clip < 4; ++clip)
    for (std::uint32_t epoch = 0; epoch < 3; ++epoch)
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const auto samples = augmented(options, clip, epoch, seed);
        EXPECT_EQ(augmented(options, clip, epoch, seed, 0), samples);  // with a cache and without
        different.insert(samples);
      }
  EXPECT_GT(different.size(), 30U);  // of 36; by chance a clip may be left alone
}

TEST_F(AugmentedClips, AnyNumberOfThreadsGivesTheSame) {
  const AugmentOptions options = everything();
  const AugmentSources sources = read_augment_sources(options);
  const auto all = [&] {
    Augmenter augmenter(options, manifest_.clips, sources, rate, 3, 1 << 20);
    std::vector<std::vector<float>> samples(24);
    parallel_for(samples.size(), [&](std::size_t i) {
      samples[i] = augmenter(i % 4, static_cast<std::uint32_t>(i / 4));
    });
    return samples;
  };
  const auto many = all();
  const ThreadLimit one(1);
  EXPECT_EQ(all(), many);
}

TEST_F(AugmentedClips, AStepHappensWithItsProbability) {
  const AugmentSources none;
  Augmenter augmenter({.gain = 0.3}, manifest_.clips, none, rate, 0, 1 << 20);
  const auto before = plain(1);
  int changed = 0;
  for (std::uint32_t epoch = 0; epoch < 1000; ++epoch)
    changed += augmenter(1, epoch) != before ? 1 : 0;
  EXPECT_NEAR(changed, 300, 45);  // three deviations
}

TEST_F(AugmentedClips, NoiseLiesInItsRangeOfRatios) {
  const std::string noises = folder_ / "noises.csv";
  for (const double snr : {0.0, 12.0}) {
    const UniformRange at{snr, snr};
    for (const AugmentOptions& options :
         {AugmentOptions{.noise = 1, .noises = noises, .noise_snr_db = at},
          AugmentOptions{.colored_noise = 1, .colored_noise_snr_db = at}})
      EXPECT_NEAR(10 * std::log10(mean_power(plain(2)) / mean_power(added(options, 2))), snr, 0.1);
  }
  const AugmentOptions wide{.colored_noise = 1, .colored_noise_snr_db = {3, 9}};
  for (std::size_t clip = 0; clip < 4; ++clip) {
    const double snr = 10 * std::log10(mean_power(plain(clip)) / mean_power(added(wide, clip)));
    EXPECT_GT(snr, 2.9);
    EXPECT_LT(snr, 9.1);
  }
}

TEST_F(AugmentedClips, RecordedNoiseIsTheRecording) {
  auto noise = added({.noise = 1, .noises = folder_ / "noises.csv"}, 0);
  ASSERT_EQ(noise.size(), 8000U);  // 3000 samples of noise, repeated
  const double scale = 1 / std::sqrt(mean_power(noise));
  for (std::size_t i = 3000; i < noise.size(); ++i)
    ASSERT_NEAR(noise[i] * scale, noise[i - 3000] * scale, 1e-3);
}

TEST_F(AugmentedClips, RoomIsTheResponseOfItsManifest) {
  const auto wet = augmented({.reverb = 1, .responses = folder_ / "responses.csv"}, 0);
  const auto dry = plain(0);
  ASSERT_EQ(wet.size(), dry.size());
  for (std::size_t i = 2000; i < 2100; ++i)
    EXPECT_NEAR(wet[i] / wet[1000] * (dry[1000]), dry[i] + dry[i - 1600] / 3, 2e-3) << i;
  EXPECT_NEAR(mean_power(wet), mean_power(dry), 1e-4 * mean_power(dry));
}

TEST_F(AugmentedClips, RoomsAreSimulatedWithoutAManifest) {
  const auto wet = augmented({.reverb = 1, .direct_db = {0, 0}}, 0);
  EXPECT_EQ(wet.size(), plain(0).size());
  EXPECT_NE(wet, plain(0));
  EXPECT_NE(wet, augmented({.reverb = 1, .direct_db = {0, 0}}, 0, 1));
}

TEST_F(AugmentedClips, BandAndLevelComeAfterTheNoise) {
  AugmentOptions options{.colored_noise = 1,
                         .slope_db = {0, 0},
                         .colored_noise_snr_db = {0, 0},
                         .telephone = 1,
                         .gain = 1,
                         .gain_db = {-20, -20}};
  const auto samples = augmented(options, 3);
  // The ends, where the clip begins and stops at once, have some energy outside of the band.
  const double outside = mean_power(band_passed(samples, 3600, 8000, rate));
  EXPECT_LT(10 * std::log10(outside / mean_power(samples)), -40.0);
  options.gain_db = {0, 0};
  EXPECT_NEAR(10 * std::log10(mean_power(augmented(options, 3)) / mean_power(samples)), 20.0, 0.01);
  const auto limited = augmented({.band_limit = 1, .cutoff_hz = {2500, 2500}}, 3);
  EXPECT_LT(
      10 * std::log10(mean_power(band_passed(limited, 2700, 8000, rate)) / mean_power(limited)),
      -50.0);
}

TEST_F(AugmentedClips, SpeedScalesTheLength) {
  EXPECT_EQ(augmented({.speed = 1, .speeds = {90}}, 0).size(), 8889U);
  EXPECT_EQ(augmented({.speed = 1, .speeds = {110}}, 0).size(), 7273U);
  EXPECT_EQ(augmented({.speed = 1, .speeds = {100}}, 0), plain(0));
  std::set<std::size_t> lengths;
  for (std::uint32_t epoch = 0; epoch < 20; ++epoch)
    lengths.insert(augmented({.speed = 0.7}, 0, epoch).size());
  EXPECT_EQ(lengths, (std::set<std::size_t>{7273, 8000, 8889}));
}

TEST_F(AugmentedClips, SpeedKeepsClipsFromBecomingTooShort) {
  const Manifest brief = read_manifest(write_sound_corpus(folder_, "brief", 0, 2, 1, 0.105));
  const AugmentSources none;
  Augmenter augmenter({.speed = 1, .speeds = {110}}, brief.clips, none, rate, 0, 0);
  EXPECT_EQ(augmenter(0, 0).size(), 1680U);
}

TEST_F(AugmentedClips, SpeedsCanBeLabelsOfTheirOwn) {
  const AugmentOptions options{.speed_labels = true};
  const Manifest manifest = with_speed_labels(manifest_, options);
  ASSERT_EQ(manifest.clips.size(), 12U);
  EXPECT_EQ(manifest.labels,
            (std::vector<std::string>{"speaker0", "speaker0 at 110 %", "speaker0 at 90 %",
                                      "speaker1", "speaker1 at 110 %", "speaker1 at 90 %"}));
  for (std::size_t i = 0; i < 12; ++i) {
    const std::string& label = manifest.clips[i].label;
    const std::size_t length = label.ends_with("at 90 %")    ? 8889
                               : label.ends_with("at 110 %") ? 7273
                                                             : 8000;
    EXPECT_EQ(augmented(options, i).size(), length) << label;
    EXPECT_EQ(manifest.clips[i].path, manifest_.clips[i % 4].path);
  }
  EXPECT_EQ(Sampler(manifest, {.labels = 6, .clips = 2}, 0).batch(0).size(), 12U);
  EXPECT_EQ(with_speed_labels(manifest_, {}).clips.size(), 4U);
}

TEST_F(AugmentedClips, RefusesFeaturesAndASilentResponseAndAMissingManifest) {
  put(folder_ / "features.npy", "");
  std::vector<Clip> clips(1);
  clips[0].path = folder_ / "features.npy";
  const AugmentSources none;
  expect_error([&] { Augmenter({.gain = 1}, clips, none, rate, 0, 0)(0, 0); }, Fault::config,
               clips[0].path +
                   ": features cannot be augmented as sound; expected audio, or "
                   "only spec_augment");
  write_audio(response_, {rate, std::vector<float>(100)});
  expect_error([&] { augmented({.reverb = 1, .responses = folder_ / "responses.csv"}, 0); },
               Fault::format, response_ + ": silent; expected an impulse response");
  expect_error([&] { augmented({.noise = 1, .noises = folder_ / "none.csv"}, 0); }, Fault::io,
               folder_ / "none.csv*");
}

class AugmentTable : public AugmentedClips {
 protected:
  Recipe read(const std::string& table, const std::vector<std::string>& overrides = {}) const {
    return read_recipe(put(folder_ / "recipe.toml", table), overrides);
  }
};

TEST_F(AugmentTable, EveryKeyIsRead) {
  const AugmentOptions o = read(R"([augment]
speed = 0.1
speeds = [80, 120, 125]
reverb = 0.2
responses = "rooms.csv"
rt60_low_s = 0.3
rt60_high_s = 0.4
direct_low_db = -1
direct_high_db = 2
noise = 0.3
noises = "/n.csv"
noise_snr_low_db = 1
noise_snr_high_db = 3
colored_noise = 0.4
slope_low_db = -5
slope_high_db = 5
colored_noise_snr_low_db = 4
colored_noise_snr_high_db = 6
microphone = 0.45
microphone_db = 3
band_limit = 0.5
cutoff_low_hz = 1000
cutoff_high_hz = 2000
telephone = 0.6
gain = 0.7
gain_low_db = -3
gain_high_db = 4
spec_augment = 0.8
frequency_masks = 1
frequency_mask_width = 5
time_masks = 3
time_mask_width = 7
[train]
feature_cache = "kept"
)")
                               .augment;
  EXPECT_EQ(o.speed, 0.1);
  EXPECT_EQ(o.speeds, (std::vector<int>{80, 120, 125}));
  EXPECT_FALSE(o.speed_labels);
  EXPECT_EQ(o.responses, folder_ / "rooms.csv");
  EXPECT_EQ(o.noises, "/n.csv");
  const auto is = [](const UniformRange& range, double low, double high) {
    return range.low == low && range.high == high;
  };
  EXPECT_TRUE(is(o.rt60_s, 0.3, 0.4));
  EXPECT_TRUE(is(o.direct_db, -1, 2));
  EXPECT_TRUE(is(o.noise_snr_db, 1, 3));
  EXPECT_TRUE(is(o.slope_db, -5, 5));
  EXPECT_TRUE(is(o.colored_noise_snr_db, 4, 6));
  EXPECT_TRUE(is(o.cutoff_hz, 1000, 2000));
  EXPECT_TRUE(is(o.gain_db, -3, 4));
  EXPECT_EQ((std::vector<double>{o.reverb, o.noise, o.colored_noise, o.microphone, o.microphone_db,
                                 o.band_limit, o.telephone, o.gain, o.spec_augment}),
            (std::vector<double>{0.2, 0.3, 0.4, 0.45, 3, 0.5, 0.6, 0.7, 0.8}));
  EXPECT_EQ((std::vector<int>{o.frequency_masks, o.frequency_mask_width, o.time_masks,
                              o.time_mask_width}),
            (std::vector<int>{1, 5, 3, 7}));
}

TEST_F(AugmentTable, PathsStartFromTheRecipeAndInOverridesFromTheShell) {
  const Recipe inside = read("[augment]\nnoises = \"n.csv\"\n[train]\nfeature_cache = \"kept\"\n");
  EXPECT_EQ(inside.augment.noises, folder_ / "n.csv");
  EXPECT_EQ(inside.train.feature_cache, folder_ / "kept");
  EXPECT_EQ(inside.augment.responses, "");
  const Recipe outside = read("", {"augment.noises=n.csv", "augment.responses=r.csv",
                                   "train.feature_cache=kept", "augment.gain=1"});
  EXPECT_EQ(outside.augment.noises, "n.csv");
  EXPECT_EQ(outside.augment.responses, "r.csv");
  EXPECT_EQ(outside.train.feature_cache, "kept");
  EXPECT_EQ(outside.augment.gain, 1.0);
}

TEST_F(AugmentTable, RefusesValuesThatContradictEachOther) {
  const std::string path = folder_ / "recipe.toml";
  const auto refused = [&](const std::string& keys, const std::string& reason) {
    expect_error([&] { read("[augment]\n" + keys); }, Fault::config, path + reason);
  };
  refused("gain = 1.5", ":2: gain: expected a value from 0 to 1, found 1.5");
  refused("gian = 1", ":2: unknown key \"gian\" in [augment]; did you mean \"gain\"?");
  refused("speeds = [300]", ":2: speeds: expected a value from 50 to 200, found [300]");
  refused("gain_low_db = 20",
          ": [augment] gain_low_db = 20 is above the upper end of its range, 10");
  refused("noise = 1", ": [augment] noise needs noises, a manifest of recordings");
  refused("speed = 0.5\nspeeds = []", ": [augment] speeds is empty");
  refused("speed = 0.5\nspeed_labels = true",
          ": [augment] speed = 0.5 and speed_labels exclude each other");
  refused("speed_labels = true\nspeeds = [100, 90]",
          ": [augment] speeds has 100 %, but every label is trained at 100 % already");
}

}  // namespace
}  // namespace twinear
