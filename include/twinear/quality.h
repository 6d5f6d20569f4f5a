// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace twinear {

/// What makes the sound of a clip unreliable, although it has features.
struct QualityIssue {
  /// The kinds, gravest first.
  enum class Kind {
    silence,         ///< nothing above -80 dB of full scale
    clipping,        ///< more than one sample in 2000 lies in a run at full scale
    telephone_band,  ///< nothing above 4 kHz, though the front end has mel bins there
    cancellation,    ///< the channels cancel one another, so that only one is used
    silent_channel,  ///< a channel of the file is silent while others are not
    offset,  ///< the mean (DC) is a hundredth of full scale and a tenth of the level or more
  };
  Kind kind;
  std::string text;  ///< one line for people, without the name of the clip
};

/// What AudioReader found in the channels of a file before it averaged them.
struct ChannelReport {
  int silent = 0;       ///< the number of silent channels, if others are not silent
  bool cancel = false;  ///< AudioReader::channels_cancel
};

/// Finds the quality issue of a clip, piece by piece, at the rate of its file. One thread at a time
/// may use it.
class QualityCheck {
 public:
  /// `sample_rate` is that of the samples in Hz. `heard_hz` is the highest frequency of the front
  /// end: telephone_band is an issue only if it is above 4.3 kHz. If it is given, a sample rate
  /// that is too low for it is that issue, too.
  explicit QualityCheck(int sample_rate, double heard_hz = std::numeric_limits<double>::infinity());
  QualityCheck(QualityCheck&&) noexcept;
  QualityCheck& operator=(QualityCheck&&) noexcept;
  ~QualityCheck();

  /// Takes the next samples, in [-1, 1].
  void push(std::span<const float> samples);

  /// The gravest issue of the samples that were pushed, if there is one.
  std::optional<QualityIssue> issue(const ChannelReport& channels = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
