// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace twinear {

/// What makes features mean little although they can be computed, gravest first.
enum class Flaw {
  silence,         ///< nothing above -80 dB of full scale
  silent_channel,  ///< a channel of the file without sound, beside others
  clipping,        ///< more than one sample in 2000 lies in a run at full scale
  telephone_band,  ///< nothing above 4 kHz where the rate promises it: upsampled, probably
  offset,          ///< a mean (DC) of at least a hundredth of full scale and a tenth of the level
};

/// What is wrong with a sound.
struct InputFlaw {
  Flaw flaw;
  std::string text;  ///< for people, without the name of the clip
};

/// Listens to a clip, piece by piece, at the rate of its file.
class InputCheck {
 public:
  /// For sound at this rate, in Hz.
  explicit InputCheck(int sample_rate);
  InputCheck(InputCheck&&) noexcept;
  InputCheck& operator=(InputCheck&&) noexcept;
  ~InputCheck();

  /// The next samples, in [-1, 1].
  void push(std::span<const float> samples);

  /// The gravest flaw of what was heard; `silent_channels` of the file's are an AudioReader's.
  std::optional<InputFlaw> flaw(int silent_channels = 0) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
