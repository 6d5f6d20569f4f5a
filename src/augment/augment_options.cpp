// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "augment/augmenter.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// Visits both ends of a range that a value is drawn from.
void range(Fields& f, const Key& low, const char* high_name, UniformRange& range, double min,
           double max) {
  f.number(low, range.low, min, max);
  f.number({high_name, low.unit, "upper end of that range"}, range.high, min, max);
}

}  // namespace

void fields(Fields& f, AugmentOptions& o) {
  f.number({"speed", "", "probability of another speed, which also shifts the pitch"}, o.speed, 0.0,
           1.0);
  f.numbers({"speeds", "%", "speeds; a clip of n samples then has 100 n / speed"}, o.speeds, 50,
            200);
  f.flag(
      {"speed_labels", "", "trains each label at each speed as one more label, in place of speed"},
      o.speed_labels);
  f.number({"reverb", "", "probability of reverberation"}, o.reverb, 0.0, 1.0);
  f.path({"responses", "", "manifest of impulse responses; without it rooms are synthesized"},
         o.responses);
  range(f,
        {"rt60_low_s", "s",
         "reverberation time (60 dB) of a synthesized room; lower end of its range"},
        "rt60_high_s", o.rt60_s, 0.01, 10.0);
  range(f,
        {"direct_low_db", "dB",
         "direct over reverberant energy of a synthesized room; lower end of its range"},
        "direct_high_db", o.direct_db, -40.0, 60.0);
  f.number({"noise", "", "probability of a recorded noise"}, o.noise, 0.0, 1.0);
  f.path({"noises", "", "manifest of recorded noises"}, o.noises);
  range(f,
        {"noise_snr_low_db", "dB",
         "mean power of the clip over that of the noise; lower end of its range"},
        "noise_snr_high_db", o.noise_snr_db, -40.0, 100.0);
  f.number({"colored_noise", "", "probability of a synthesized noise"}, o.colored_noise, 0.0, 1.0);
  range(f,
        {"slope_low_db", "dB per octave",
         "slope of a synthesized noise (-6 brown, -3 pink, 0 white); lower end of its range"},
        "slope_high_db", o.slope_db, -12.0, 12.0);
  range(f,
        {"colored_noise_snr_low_db", "dB",
         "mean power of the clip over that of a synthesized noise; lower end of its range"},
        "colored_noise_snr_high_db", o.colored_noise_snr_db, -40.0, 100.0);
  f.number({"microphone", "", "probability of a synthesized microphone"}, o.microphone, 0.0, 1.0);
  f.number({"microphone_db", "dB", "deviation of its gain from octave to octave"}, o.microphone_db,
           0.0, 20.0);
  f.number({"band_limit", "", "probability of a low-pass filter"}, o.band_limit, 0.0, 1.0);
  range(f,
        {"cutoff_low_hz", "Hz", "cutoff frequency of the low-pass filter; lower end of its range"},
        "cutoff_high_hz", o.cutoff_hz, 200.0, 384000.0);
  f.number({"telephone", "", "probability of a telephone band, 300 to 3400 Hz"}, o.telephone, 0.0,
           1.0);
  f.number({"gain", "", "probability of another level"}, o.gain, 0.0, 1.0);
  range(f, {"gain_low_db", "dB", "change of the level; lower end of its range"}, "gain_high_db",
        o.gain_db, -60.0, 60.0);
  f.number({"spec_augment", "", "probability of masks over the features of a crop"}, o.spec_augment,
           0.0, 1.0);
  f.whole({"frequency_masks", "", "number of masks over adjacent mel bins"}, o.frequency_masks, 0,
          1000);
  f.whole({"frequency_mask_width", "mel bins",
           "maximum width of such a mask, which covers at most half of all bins"},
          o.frequency_mask_width, 0, 4096);
  f.whole({"time_masks", "", "number of masks over adjacent frames"}, o.time_masks, 0, 1000);
  f.whole({"time_mask_width", "frames",
           "maximum width of such a mask, which covers at most half of the frames"},
          o.time_mask_width, 0, 1'000'000);
}

void check_augment(const AugmentOptions& o) {
  const auto refuse = [](const std::string& reason) {
    throw Error(Fault::config, "[augment] " + reason);
  };
  const auto ordered = [&](const UniformRange& range, const char* low_name) {
    if (range.low > range.high)
      refuse(fmt::format("{} = {} is above the upper end of its range, {}", low_name, range.low,
                         range.high));
  };
  ordered(o.rt60_s, "rt60_low_s");
  ordered(o.direct_db, "direct_low_db");
  ordered(o.noise_snr_db, "noise_snr_low_db");
  ordered(o.colored_noise_snr_db, "colored_noise_snr_low_db");
  ordered(o.slope_db, "slope_low_db");
  ordered(o.cutoff_hz, "cutoff_low_hz");
  ordered(o.gain_db, "gain_low_db");
  if (o.noise > 0 && o.noises.empty()) refuse("noise needs noises, a manifest of recordings");
  if ((o.speed > 0 || o.speed_labels) && o.speeds.empty()) refuse("speeds is empty");
  if (o.speed > 0 && o.speed_labels)
    refuse(fmt::format("speed = {} and speed_labels exclude each other", o.speed));
  if (o.speed_labels && std::ranges::find(o.speeds, 100) != o.speeds.end())
    refuse("speeds has 100 %, but every label is trained at 100 % already");
}

bool changes_sound(const AugmentOptions& o) {
  return o.speed_labels || std::max({o.speed, o.reverb, o.noise, o.colored_noise, o.microphone,
                                     o.band_limit, o.telephone, o.gain}) > 0;
}

}  // namespace twinear
