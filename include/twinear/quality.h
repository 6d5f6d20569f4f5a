// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace twinear {

/// What is wrong with a sound, although features of it can be computed.
struct QualityIssue {
  /// The kinds, gravest first.
  enum class Kind {
    silence,         ///< nothing above -80 dB of full scale
    clipping,        ///< more than one sample in 2000 lies in a run at full scale
    telephone_band,  ///< nothing above 4 kHz where the front end hears more
    cancellation,    ///< the channels cancel one another, so that one of them is taken alone
    silent_channel,  ///< a channel of the file is silent while others are not
    offset,  ///< the mean (DC) is a hundredth of full scale and a tenth of the level or more
  };
  Kind kind;
  std::string text;  ///< one line for people, without the name of the clip
};

/// What a file's channels were like before one was made of them (AudioReader).
struct ChannelReport {
  int silent = 0;       ///< channels of digital silence beside others
  bool cancel = false;  ///< AudioReader::channels_cancel
};

/// Looks for what is wrong with a clip, piece by piece, at the rate of its file. A check belongs to
/// one thread.
class QualityCheck {
 public:
  /// `sample_rate`: of the samples, Hz. `heard_hz`: the highest frequency that the front end hears;
  /// telephone_band is an issue only where that is above 4.3 kHz. Sound whose own rate is too low
  /// for that has the issue, too, where `heard_hz` is told.
  explicit QualityCheck(int sample_rate, double heard_hz = std::numeric_limits<double>::infinity());
  QualityCheck(QualityCheck&&) noexcept;
  QualityCheck& operator=(QualityCheck&&) noexcept;
  ~QualityCheck();

  /// Takes the next samples, in [-1, 1].
  void push(std::span<const float> samples);

  /// The gravest issue of what was pushed; nothing where there is none, or no samples were pushed.
  std::optional<QualityIssue> issue(const ChannelReport& channels = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
