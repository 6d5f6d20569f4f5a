// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "twinear/audio.h"
#include "twinear/clip.h"
#include "twinear/features.h"
#include "twinear/matrix.h"
#include "twinear/quality.h"

namespace twinear {

/// The length in seconds of the shortest clip that has features.
inline constexpr double shortest_clip = 0.1;

/// How a clip is read.
struct ClipOptions {
  int channel = -1;        ///< the channel of a file, counted from 0; -1 averages all channels
  std::uint64_t seed = 0;  ///< seeds the front end's dither
  bool quality = false;    ///< whether to find ClipReport::issue
  bool speech = false;     ///< whether to find ClipReport::speech; FrontEnd::vad needs it anyway
  bool voice = false;      ///< whether to find ClipReport::voice
};

/// What one pass over a clip finds, apart from its frames.
struct ClipReport {
  double seconds = 0;  ///< the length of the decoded sound; for features, frames times the hop
  /// Which frames are loud enough for speech (find_speech), if ClipOptions::speech or FrontEnd::vad
  /// asks for it; empty for features.
  Speech speech = {};
  /// Where somebody speaks (SpeechFinder), if ClipOptions::voice asks for it; empty for features.
  Speech voice = {};
  /// What is wrong with the sound, if ClipOptions::quality asks for it; empty for features.
  std::optional<QualityIssue> issue = {};
};

/// The input of an encoder for a clip.
struct ClipFeatures : ClipReport {
  Matrix frames;  ///< frames x mel bins, normalized; only frames that FrontEnd::vad keeps
};

/// Opens, decodes, resamples and analyzes a clip once, piece by piece: its samples are never whole
/// in memory. A clip that holds features is only checked. Calls may run in parallel.
///
/// Throws Error, Clip::place() first, for a clip that cannot be read (AudioReader), is shorter than
/// `shortest_clip` or has too little speech for FrontEnd::vad (format), for a value that is not
/// finite (format; numeric in memory), and for features of another width (mismatch). Throws
/// std::invalid_argument for samples in memory with a rate that is not from 1 to 768 kHz.
ClipFeatures clip_features(const Clip& clip, const LogMel& log_mel,
                           const ClipOptions& options = {});
/// Does the same for samples in memory; errors name no place, and ClipOptions::channel has no
/// effect.
ClipFeatures clip_features(const Waveform& waveform, const LogMel& log_mel,
                           const ClipOptions& options = {});

/// What write_features finds.
struct WrittenFeatures : ClipReport {
  std::size_t frames = 0;  ///< the number of rows in the file
};

/// Writes ClipFeatures::frames to `path` as .npy (float32), atomically. With a front end that
/// LogMelStream takes, the memory does not depend on the clip's length, and speech is not looked
/// for. Throws as clip_features, and Error (io) for a file that cannot be written.
WrittenFeatures write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                               const ClipOptions& options = {});

/// Reads the samples of a clip: one channel at the clip's own rate. Throws as clip_features, and
/// Error (config) for a clip that holds features.
Waveform clip_samples(const Clip& clip, int channel = -1);

/// Finds ClipReport::seconds by decoding alone. Throws as clip_features.
double clip_seconds(const Clip& clip, const FrontEnd& front_end);

}  // namespace twinear
