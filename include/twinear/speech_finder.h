// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "twinear/features.h"

namespace twinear {

/// Finds the frames of a clip in which somebody speaks, in noise and beside music, whatever the
/// level. A convolutional network of 11,000 weights, which are part of the library, looks at 64
/// log-mel bins of 0.63 s on either side of a frame (recipes/speech-finder trained it). Several
/// voices at once are speech. The rule by which FrontEnd::vad keeps frames is another: find_speech.
///
/// The result depends neither on how the clip is cut nor on its gain. One thread at a time may use
/// a finder.
class SpeechFinder {
 public:
  static constexpr int sample_rate = 16000;    ///< of the samples it takes, in Hz
  static constexpr double hop_seconds = 0.01;  ///< from one value of Speech::voiced to the next

  SpeechFinder();
  SpeechFinder(SpeechFinder&&) noexcept;
  SpeechFinder& operator=(SpeechFinder&&) noexcept;
  ~SpeechFinder();

  /// Takes the next samples of a clip, in [-1, 1].
  void push(std::span<const float> samples);

  /// Ends the clip and tells where its speech is; Speech::amount is never too_little. The next
  /// push() begins another clip.
  Speech finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
