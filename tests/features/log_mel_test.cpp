// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/settings.h"
#include "base/threads.h"
#include "features/front_end.h"
#include "features/golden_signal.h"
#include "twinear/error.h"
#include "twinear/features.h"

namespace twinear {
namespace {

const std::string golden = TWINEAR_SOURCE_DIR "/tests/golden/fbank.json";

std::span<const float> from(const std::vector<float>& samples, std::size_t begin) {
  return std::span(samples).subspan(begin);
}

// The values that Kaldi prints, with as many digits.
TEST(LogMel, IsKaldisFilterBank) {
  struct Case {
    FrontEnd front_end;
    std::size_t frames;
    std::array<double, 7> bins;  // 0, 1, 10, 23, 40, 60 and 79 of frame 0
    double mean;
  };
  const std::vector<Case> cases{
      {{}, 98, {10.5646, 10.5348, 15.4256, 13.9739, 15.7709, 20.0577, 21.0747}, 17.72455},
      {front_end_preset("wespeaker"),
       98,
       {12.3844, 10.8092, 12.0343, 14.5562, 16.3196, 20.0529, 21.0668},
       17.90250},
      {{.snip_edges = false},
       100,
       {15.4749, 15.8829, 20.0313, 18.0502, 19.2027, 19.6766, 19.5804},
       17.76428},
      {front_end_preset("sherpa"),
       100,
       {15.4259, 15.9236, 19.9014, 18.1005, 18.8733, 19.7784, 20.4408},
       17.67001}};
  for (const auto& [front_end, frames, bins, mean] : cases) {
    const Matrix mel = LogMel(front_end)(golden_signal(16000));
    ASSERT_EQ(mel.rows(), frames);
    const std::array<std::size_t, 7> shown{0, 1, 10, 23, 40, 60, 79};
    for (std::size_t i = 0; i < shown.size(); ++i)
      EXPECT_NEAR(mel.row(0)[shown[i]], bins[i], 2e-3) << "bin " << shown[i];
    double sum = 0;
    for (const float value : mel.values()) sum += value;
    EXPECT_NEAR(sum / static_cast<double>(mel.values().size()), mean, 1e-4);
  }
}

// SpeechBrain's own features. 1e-4 in energy is 4.3e-4 dB; they lie up to 3.4e-4 dB from their
// definition in float64, as their filters and sums are in float32.
TEST(LogMel, IsSpeechBrainsFbank) {
  const std::string path = TWINEAR_SOURCE_DIR "/tests/golden/fbank_speechbrain.json";
  const auto stored = parse_json(read_file(path), path);
  FrontEnd front_end = front_end_preset("speechbrain");
  const auto expect_rows = [&](const char* name) {
    const Matrix mel = LogMel(front_end)(golden_signal(16000));
    ASSERT_EQ(mel.rows(), stored.at("frames").get<std::size_t>());
    for (const auto& [t, expected] : stored.at(name).items()) {
      const auto row = mel.row(std::stoul(t));
      ASSERT_EQ(row.size(), expected.size());
      for (std::size_t b = 0; b < row.size(); ++b)
        EXPECT_NEAR(row[b], expected[b].get<double>(), 4.3e-4)
            << name << " " << t << ", mel bin " << b;
    }
  };
  expect_rows("sentence_mean_removed");
  front_end.norm = Norm::none;
  expect_rows("log_mel");
}

// The goldens of the next test were made from these values; this shows that the presets have them.
TEST(LogMel, TheDefinitionsWereComparedWithThePresets) {
  int compared = 0;
  for (const auto& one : parse_json(read_file(golden), golden)) {
    FrontEnd stored;
    Settings::from_json(one.at("front_end").dump(), golden).read("", stored);
    stored.preset = one.at("name").get<std::string>();
    const std::vector<std::string> presets{"torchaudio", "librosa", "speechbrain"};
    if (std::ranges::find(presets, stored.preset) == presets.end()) continue;
    EXPECT_EQ(stored, front_end_preset(stored.preset));
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

// An error of 1e-4 in energy is the rounding of float32 against the maker's float64. Where a mel
// bin lies 55 dB or more below the loudest of its frame, the rounding of loud samples adds to it,
// as in Kaldi.
TEST(LogMel, FollowsTheDefinitionForEveryOption) {
  for (const auto& one : parse_json(read_file(golden), golden)) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    FrontEnd front_end;
    Settings::from_json(one.at("front_end").dump(), golden).read("", front_end);
    const Matrix mel = LogMel(front_end)(golden_signal(one.at("samples").get<std::size_t>()));
    ASSERT_EQ(mel.rows(), one.at("frames").get<std::size_t>());
    double unit = front_end.log == LogScale::db ? 20.0 / std::log(10.0) : 1.0;
    if (front_end.sliding.variance) unit *= 10.0;  // a steady tone's deviation is far below 1
    for (const auto& [t, expected] : one.at("rows").items()) {
      const auto row = mel.row(std::stoul(t));
      ASSERT_EQ(row.size(), expected.size());
      const auto values = expected.get<std::vector<double>>();
      const double audible = *std::ranges::max_element(values) - 5.5 * std::log(10.0);
      for (std::size_t b = 0; b < row.size(); ++b) {
        const double value = values[b];
        const bool deep = front_end.log == LogScale::natural && value < audible;
        const double tolerance = deep ? 5e-4 : 1e-4;
        const double size = front_end.log == LogScale::none ? value : unit;
        EXPECT_NEAR(row[b], value, tolerance * size) << "frame " << t << ", mel bin " << b;
      }
    }
    double sum = 0;
    for (const float value : mel.values()) sum += value;
    const double mean = one.at("mean").get<double>();
    EXPECT_NEAR(sum / static_cast<double>(mel.values().size()), mean,
                1e-4 * std::max(1.0, std::abs(mean)));
  }
}

TEST(LogMel, GivesAFrameForEveryWindowInTheClip) {
  const LogMel snipped, centered({.snip_edges = false});
  const auto signal = golden_signal(2000);
  for (std::size_t n = 0; n <= 2000; ++n) {
    std::size_t whole = 0, near = 0;
    while (whole * 160 + 400 <= n) ++whole;
    while ((near + 1) * 160 <= n + 80) ++near;  // hops, the last one at least half there
    ASSERT_EQ(snipped.frames(n), whole) << n;
    ASSERT_EQ(centered.frames(n), near) << n;
    if (n % 37 != 0 && n > 500) continue;
    const std::span<const float> clip(signal.data(), n);
    ASSERT_EQ(snipped(clip).rows(), whole) << n;
    ASSERT_EQ(centered(clip).rows(), near) << n;
  }
}

TEST(LogMel, CenteredOnHopsItGivesOneFrameMoreThanHops) {
  for (const char* name : {"torchaudio", "speechbrain"}) {
    const LogMel log_mel(front_end_preset(name));
    const auto signal = golden_signal(2000);
    EXPECT_EQ(log_mel.frames(0), 0U);
    for (std::size_t n = 1; n <= 2000; ++n) {
      ASSERT_EQ(log_mel.frames(n), 1 + n / 160) << n;
      if (n % 37 != 0 && n > 300) continue;
      const Matrix mel = log_mel(std::span<const float>(signal.data(), n));
      ASSERT_EQ(mel.rows(), 1 + n / 160) << n;
      for (const float value : mel.values()) ASSERT_TRUE(std::isfinite(value)) << n;
    }
  }
}

TEST(LogMel, AFilterBetweenTwoFftBinsIsSilentIfItsTriangleIsInHertz) {
  FrontEnd front_end = front_end_preset("torchaudio");
  front_end.fft_size = 400;
  front_end.mel_bins = 128;
  const Matrix mel = LogMel(front_end)(golden_signal(1600));
  EXPECT_EQ(mel.row(3)[0], mel.row(5)[0]);  // 0 to 27 Hz; FFT bins are 40 Hz apart
  EXPECT_NEAR(mel.row(3)[0], -100.0, 1e-4);
}

TEST(LogMel, MirrorsAClipShorterThanItsWindow) {
  const LogMel centered({.snip_edges = false});
  const auto clip = golden_signal(100);
  std::vector<float> mirrored;  // what frame 0, samples -120 to 279, sees
  for (int i = -120; i < 280; ++i) {
    const int at = ((i % 200) + 200) % 200;
    mirrored.push_back(clip[static_cast<std::size_t>(at < 100 ? at : 199 - at)]);
  }
  EXPECT_EQ(centered(clip), LogMel()(mirrored));
}

TEST(LogMel, SilenceIsTheFloorInEveryMelBin) {
  const Matrix mel = LogMel()(std::vector<float>(16000));
  ASSERT_EQ(mel.rows(), 98U);
  for (const float value : mel.values()) EXPECT_NEAR(value, -15.942385, 1e-6);
}

TEST(LogMel, ScalingSamplesBy32768AddsTwiceItsLogarithm) {
  const auto signal = golden_signal(16000);
  const Matrix loud = LogMel()(signal), quiet = LogMel({.scale = 1.0})(signal);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < loud.values().size(); ++i) {
    if (quiet.values()[i] < -15.9F) continue;  // floored
    ++compared;
    ASSERT_NEAR(loud.values()[i] - quiet.values()[i], 20.794415, 1e-5);
  }
  EXPECT_GT(compared, 7000U);  // of 98 x 80
}

TEST(LogMel, AFrameDependsOnItsSamplesAlone) {
  for (const int fft_size : {512, 500, 441}) {
    const LogMel log_mel({.fft_size = fft_size});
    const auto signal = golden_signal(16000);
    const Matrix whole = log_mel(signal);
    for (const std::size_t shift : {1U, 5U, 16U, 33U, 97U}) {  // other lanes, other blocks
      const Matrix rest = log_mel(from(signal, shift * 160));
      ASSERT_EQ(rest.rows() + shift, whole.rows());
      for (std::size_t t = 0; t < rest.rows(); ++t)
        ASSERT_TRUE(std::ranges::equal(rest.row(t), whole.row(t + shift))) << shift << ", " << t;
    }
  }
}

TEST(LogMel, AnyNumberOfThreadsGivesTheSameFrames) {
  const LogMel log_mel({.dither = 1.0, .norm = Norm::per_bin});
  const auto signal = golden_signal(20000);
  const auto all_clips = [&] {
    std::vector<Matrix> results(24);
    parallel_for(results.size(),
                 [&](std::size_t i) { results[i] = log_mel(from(signal, 100 * i), i); });
    return results;
  };
  const auto many = all_clips();
  const ThreadLimit one(1);
  EXPECT_EQ(all_clips(), many);
  EXPECT_EQ(log_mel(from(signal, 700), 7), many[7]);
}

TEST(LogMel, DenormalsAreZeroOutsideOfTasksToo) {
  const LogMel log_mel({.scale = 1e-6, .log = LogScale::none});
  auto signal = golden_signal(800);
  for (float& sample : signal) sample *= 1e-16F;  // their energies are below 1e-38
  Matrix in_a_task;
  parallel_for(1, [&](std::size_t) { in_a_task = log_mel(signal); });
  EXPECT_EQ(log_mel(signal), in_a_task);
  EXPECT_EQ(in_a_task, Matrix(3, 80));
}

TEST(LogMel, DitherIsAFunctionOfTheSeed) {
  const LogMel log_mel({.dither = 1.0});
  const auto signal = golden_signal(8000);
  EXPECT_EQ(log_mel(signal, 3), log_mel(signal, 3));
  EXPECT_NE(log_mel(signal, 3), log_mel(signal, 4));
  EXPECT_EQ(LogMel()(signal, 3), LogMel()(signal, 4));
}

// White noise of deviation s has |X|^2 of mean s^2 sum w^2 in every bin; without window and
// pre-emphasis that is 400 s^2, and the energy of a mel bin is that times the sum of its weights.
TEST(LogMel, DitherHasTheDeviationAskedFor) {
  FrontEnd front_end{.window = Window::rectangular,
                     .preemphasis = 0.0,
                     .remove_dc = false,
                     .mel_bins = 10,
                     .log = LogScale::none};
  front_end.dither = 2.0;
  const Matrix noise = LogMel(front_end)(std::vector<float>(160000));
  front_end.dither = 0.0;
  front_end.scale = 1.0;
  std::vector<float> pulse(400);  // |X|^2 is 1 in every bin
  pulse[0] = 1.0F;
  const Matrix weights = LogMel(front_end)(pulse);
  for (std::size_t b = 0; b < 10; ++b) {
    double mean = 0;
    for (std::size_t t = 0; t < noise.rows(); ++t) mean += noise.row(t)[b];
    mean /= static_cast<double>(noise.rows());
    EXPECT_NEAR(mean / (4.0 * 400.0 * weights.row(0)[b]), 1.0, 0.1) << b;
  }
}

TEST(LogMel, RefusesValuesOutOfRangeOrInContradiction) {
  const auto refused = [](const FrontEnd& front_end, const std::string& word) {
    try {
      const LogMel log_mel(front_end);
      ADD_FAILURE() << "accepted; expected an error about " << word;
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  };
  refused({.sample_rate = 0}, "sample_rate");
  refused({.sample_rate = 8000, .high_hz = 7000.0}, "4000 Hz");
  refused({.window_ms = std::nan("")}, "window_ms");
  refused({.sample_rate = 1000, .window_ms = 1.0}, "window_ms");
  refused({.sample_rate = 1000, .hop_ms = 0.5}, "hop_ms");
  refused({.window = static_cast<Window>(9)}, "window");
  refused({.preemphasis = 1.5}, "preemphasis");
  refused({.dither = -1.0}, "dither");
  refused({.fft_size = 256}, "fft_size");
  refused({.mel_bins = 0}, "mel_bins");
  refused({.mel_bins = 200}, "mel_bins");
  refused({.low_hz = 500.0, .high_hz = 400.0}, "mel filters from 500 to 400 Hz");
  refused({.low_hz = 20.0, .high_hz = -8000.0}, "mel filters from 20 to 0 Hz");
  refused({.power = 3}, "power");
  refused({.floor = 1e-40}, "floor");
  refused({.top_db = 80.0}, "top_db");
  refused({.sliding = {.frames = 0}}, "sliding_frames");
}

TEST(LogMel, MovesWithItsTables) {
  LogMel a({.mel_bins = 40});
  const LogMel b = std::move(a);
  EXPECT_EQ(b.front_end().mel_bins, 40);
  EXPECT_EQ(b(golden_signal(800)).cols(), 40U);
}

}  // namespace
}  // namespace twinear
