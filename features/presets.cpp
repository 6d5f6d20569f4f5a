// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "twinear/features.h"
#include "twinear/registry.h"

namespace twinear {
namespace {

/// The values that torchaudio, librosa and SpeechBrain share.
FrontEnd short_time_spectrum(const char* name) {
  return {.preset = name,
          .window = Window::hann,
          .periodic_window = true,
          .preemphasis = 0.0,
          .remove_dc = false,
          .low_hz = 0.0,
          .filter_shape = FilterShape::hz,
          .snip_edges = false,
          .frame_alignment = FrameAlignment::hop_start,
          .padding = Padding::reflect,
          .scale = 1.0,
          .log = LogScale::db};
}

/// A preset sets the defaults of its library where they differ from Kaldi's. Sample rate, window,
/// hop and number of mel bins are the same in all: those of speech at 16 kHz.
std::vector<FrontEnd> presets() {
  const FrontEnd wespeaker{.preset = "wespeaker", .window = Window::hamming};
  const FrontEnd sherpa{.preset = "sherpa", .high_hz = -400.0, .snip_edges = false};

  FrontEnd torchaudio = short_time_spectrum("torchaudio");  // MelSpectrogram, AmplitudeToDB

  FrontEnd librosa = short_time_spectrum("librosa");  // melspectrogram, power_to_db
  librosa.mel_scale = MelScale::slaney;
  librosa.area_norm = true;
  librosa.top_db = 80.0;

  FrontEnd speechbrain = short_time_spectrum("speechbrain");  // Fbank, InputNormalization
  speechbrain.window = Window::hamming;
  speechbrain.fft_size = 400;
  speechbrain.filter_shape = FilterShape::hz_symmetric;
  speechbrain.padding = Padding::zero;
  speechbrain.top_db = 80.0;
  speechbrain.norm = Norm::per_bin;

  return {{}, wespeaker, sherpa, speechbrain, librosa, torchaudio};
}

}  // namespace

FrontEnd front_end_preset(const std::string& name) {
  const auto all = presets();
  const auto found = std::ranges::find(all, name, &FrontEnd::preset);
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const FrontEnd& known : all) names.push_back(known.preset);
  registry::refuse_unknown("preset", name, names);
}

}  // namespace twinear
