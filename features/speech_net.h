// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// A convolution over time of the network that finds speech: `taps` (odd) frames that are
/// `dilation` apart, the middle one at the frame itself.
struct SpeechLayer {
  std::size_t inputs, outputs, taps, dilation;

  /// outputs x inputs x taps, then a bias for each output.
  constexpr std::size_t weights() const noexcept { return outputs * (inputs * taps + 1); }
};

/// The layers, first to last; all but the last end with max(0, x), the last gives the evidence.
inline constexpr std::array<SpeechLayer, 7> speech_layers{{{64, 24, 3, 1},
                                                           {24, 20, 3, 2},
                                                           {20, 20, 3, 4},
                                                           {20, 20, 3, 8},
                                                           {20, 20, 3, 16},
                                                           {20, 20, 3, 32},
                                                           {20, 1, 1, 1}}};

constexpr std::size_t speech_weight_count() {
  std::size_t count = 0;
  for (const SpeechLayer& layer : speech_layers) count += layer.weights();
  return count;
}

/// The front end of the network: Kaldi's at 16 kHz.
FrontEnd speech_front_end();

/// Values of a clip in rows of frames, one row for each mel bin or channel. Before a row lie
/// `margin` zeros, so that a convolution may look beyond the clip; after it lie as many, and those
/// that complete a block.
class FramePlane {
 public:
  static constexpr std::size_t margin = 32, block = 64;

  FramePlane(std::size_t rows, std::size_t frames)
      : rows_(rows),
        frames_(frames),
        stride_((frames + block - 1) / block * block + 2 * margin),
        values_(rows * stride_) {}

  std::size_t rows() const noexcept { return rows_; }

  std::size_t frames() const noexcept { return frames_; }
  std::size_t stride() const noexcept { return stride_; }
  /// The value at frame 0.
  float* row(std::size_t i) noexcept { return values_.data() + i * stride_ + margin; }
  const float* row(std::size_t i) const noexcept { return values_.data() + i * stride_ + margin; }

 private:
  std::size_t rows_, frames_, stride_;
  std::vector<float> values_;
};

/// What the network sees of log-mel frames: their values relative to the level of the clip, from 0
/// (52 dB below it) on. A gain changes nothing.
FramePlane speech_input(const Matrix& log_mel);

/// Computes a layer. `weights` are as SpeechLayer::weights tells.
FramePlane convolved(const SpeechLayer& layer, const float* weights, const FramePlane& input,
                     bool rectified);

/// The weights that recipes/speech-finder learned.
std::span<const float, speech_weight_count()> speech_weights();

/// The evidence of each frame of a clip that somebody speaks: the natural logarithm of the odds.
std::vector<float> speech_evidence(const Matrix& log_mel, const float* weights);

/// The frames that are speech by their evidence: stretches in which it is likely, of which some
/// frames are sure.
std::vector<bool> frames_of_speech(const std::vector<float>& evidence);

}  // namespace twinear
