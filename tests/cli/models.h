// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "twinear/model.h"

namespace twinear {

/// An untrained model that is ready at once: the mean and deviation of 40 bands, and a calibration
/// that puts even odds at a score of a half.
inline void write_small_model(const std::string& path, bool calibrated = true) {
  FrontEnd front_end;
  front_end.mel_bins = 40;
  front_end.norm = Norm::global;
  Model model{.front_end = front_end,
              .encoder = Encoder(EncoderSpec::statistics(40), 0),
              .calibration = {},
              .provenance = "{}",
              .id = {}};
  if (calibrated)
    model.calibration = Calibration{.scale = 10.0,
                                    .offset = -5.0,
                                    .source = "nothing, by hand",
                                    .targets = 1000,
                                    .nontargets = 1000,
                                    .eer = 0.1,
                                    .thresholds = {{0.1, 0.6, 0.2}, {0.05, 0.7, 0.3}}};
  save_model(model, path);
}

}  // namespace twinear
