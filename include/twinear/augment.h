// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace twinear {

/// An interval from which a value is drawn with uniform density. `low` must not exceed `high`.
struct UniformRange {
  double low = 0, high = 0;
};

/// How training clips are changed: the table `[augment]` of a recipe. By default nothing changes.
///
/// The steps happen in the order of the fields, each with a probability in [0, 1] of its own. Every
/// draw is a pure function of (seed, epoch, clip). Clips that are features already (`.npy`) can
/// only be masked; train() refuses other steps for them. Paths are relative to the recipe.
struct AugmentOptions {
  double speed = 0;                     ///< Probability of another speed, which also shifts pitch.
  std::vector<int> speeds = {90, 110};  ///< Speeds in percent, from 50 to 200, of equal chance.
  bool speed_labels = false;   ///< Instead of `speed`: each label at each speed is a new label.
  double reverb = 0;           ///< Probability of reverberation in a room.
  std::string responses = {};  ///< Manifest of room impulse responses; empty: rooms are simulated.
  UniformRange rt60_s = {0.2, 0.8};  ///< Reverberation time (60 dB) of a simulated room, seconds.
  UniformRange direct_db = {0, 12};  ///< Direct-to-reverberant energy ratio of such a room, dB.
  double noise = 0;                  ///< Probability of a recorded noise.
  std::string noises = {};           ///< Manifest of noise recordings; required if noise > 0.
  UniformRange noise_snr_db = {5, 20};  ///< Mean power of the clip over that of the noise, dB.
  double colored_noise = 0;             ///< Probability of a generated noise.
  UniformRange slope_db = {-6, 0};      ///< Its slope in dB per octave: -6 brown, -3 pink, 0 white.
  UniformRange colored_noise_snr_db = {5, 20};  ///< Mean power of the clip over its own, dB.
  double microphone = 0;                        ///< Probability of a simulated microphone.
  double microphone_db = 4;                     ///< Deviation of its gain in each octave, dB.
  double band_limit = 0;                        ///< Probability of a low-pass filter.
  UniformRange cutoff_hz = {2500, 7000};        ///< Its cutoff frequency in Hz.
  double telephone = 0;                         ///< Probability of a band-pass from 300 to 3400 Hz.
  double gain = 0;                              ///< Probability of another level.
  UniformRange gain_db = {-10, 10};             ///< Change of the level in dB.
  double spec_augment = 0;       ///< Probability of SpecAugment's masks over a crop's features.
  int frequency_masks = 2;       ///< Number of masks over adjacent mel bins.
  int frequency_mask_width = 8;  ///< Maximum mel bins of each; at most half of all are masked.
  int time_masks = 2;            ///< Number of masks over adjacent frames.
  int time_mask_width = 20;      ///< Maximum frames of each; at most half of all are masked.
};

}  // namespace twinear
