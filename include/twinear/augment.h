// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace twinear {

/// Where a value is drawn from, each value in it alike.
struct UniformRange {
  double low = 0, high = 0;
};

/// [augment]: what training clips go through, in this order, each with a probability of its own;
/// as it stands, nothing. Every choice is a pure function of (seed, epoch, clip). Clips that are
/// features already (`.npy`) can only be masked. Paths are relative to the recipe.
struct AugmentOptions {
  double speed = 0;                     ///< probability of another speed, and with it pitch
  std::vector<int> speeds = {90, 110};  ///< percent; a clip of n samples gets 100 n / percent
  bool speed_labels = false;            ///< instead: each label at each speed too, as new labels
  double reverb = 0;                    ///< probability of a room
  std::string responses;                ///< manifest of impulse responses; "": rooms are made up
  UniformRange rt60_s = {0.2, 0.8};     ///< s, decay by 60 dB of a made-up room
  UniformRange direct_db = {0, 12};     ///< dB, its direct over its reverberant energy
  double noise = 0;                     ///< probability of a recorded noise
  std::string noises;                   ///< manifest of recordings
  UniformRange noise_snr_db = {5, 20};  ///< dB, mean power of the clip over that of the noise
  double colored_noise = 0;             ///< probability of a made-up noise
  UniformRange slope_db = {-6, 0};      ///< dB per octave: -6 brown, -3 pink, 0 white
  UniformRange colored_noise_snr_db = {5, 20};
  double microphone = 0;                  ///< probability of a made-up microphone
  double microphone_db = 4;               ///< dB, the deviation of its gain from octave to octave
  double band_limit = 0;                  ///< probability of a low-pass
  UniformRange cutoff_hz = {2500, 7000};  ///< Hz
  double telephone = 0;                   ///< probability of nothing but 300 to 3400 Hz
  double gain = 0;                        ///< probability of another level
  UniformRange gain_db = {-10, 10};       ///< dB
  double spec_augment = 0;                ///< probability of masks over the crop's features
  int frequency_masks = 2;                ///< masks of neighboring bands
  int frequency_mask_width = 8;           ///< each of 0 to so many bands, at most half of them
  int time_masks = 2;                     ///< masks of neighboring frames
  int time_mask_width = 20;               ///< each of 0 to so many frames, at most half of them
};

}  // namespace twinear
