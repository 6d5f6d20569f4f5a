// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "augment/augmenter.h"
#include "twinear/error.h"

namespace twinear {
namespace {

void range(Fields& f, const char* low_name, const char* high_name, UniformRange& range, double low,
           double high) {
  f.number(low_name, range.low, low, high);
  f.number(high_name, range.high, low, high);
}

}  // namespace

void fields(Fields& f, AugmentOptions& o) {
  f.number("speed", o.speed, 0.0, 1.0);
  f.numbers("speeds", o.speeds, 50, 200);
  f.flag("speed_labels", o.speed_labels);
  f.number("reverb", o.reverb, 0.0, 1.0);
  f.path("responses", o.responses);
  range(f, "rt60_low_s", "rt60_high_s", o.rt60_s, 0.01, 10.0);
  range(f, "direct_low_db", "direct_high_db", o.direct_db, -40.0, 60.0);
  f.number("noise", o.noise, 0.0, 1.0);
  f.path("noises", o.noises);
  range(f, "noise_snr_low_db", "noise_snr_high_db", o.noise_snr_db, -40.0, 100.0);
  f.number("colored_noise", o.colored_noise, 0.0, 1.0);
  range(f, "slope_low_db", "slope_high_db", o.slope_db, -12.0, 12.0);
  range(f, "colored_noise_snr_low_db", "colored_noise_snr_high_db", o.colored_noise_snr_db, -40.0,
        100.0);
  f.number("microphone", o.microphone, 0.0, 1.0);
  f.number("microphone_db", o.microphone_db, 0.0, 20.0);
  f.number("band_limit", o.band_limit, 0.0, 1.0);
  range(f, "cutoff_low_hz", "cutoff_high_hz", o.cutoff_hz, 200.0, 384000.0);
  f.number("telephone", o.telephone, 0.0, 1.0);
  f.number("gain", o.gain, 0.0, 1.0);
  range(f, "gain_low_db", "gain_high_db", o.gain_db, -60.0, 60.0);
  f.number("spec_augment", o.spec_augment, 0.0, 1.0);
  f.whole("frequency_masks", o.frequency_masks, 0, 1000);
  f.whole("frequency_mask_width", o.frequency_mask_width, 0, 4096);
  f.whole("time_masks", o.time_masks, 0, 1000);
  f.whole("time_mask_width", o.time_mask_width, 0, 1'000'000);
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
