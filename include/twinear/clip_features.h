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

/// The shortest clip, in seconds, that is given features.
inline constexpr double shortest_clip = 0.1;

/// How a clip is read.
struct ClipOptions {
  int channel = -1;        ///< of a file, counted from 0; -1 averages all channels
  std::uint64_t seed = 0;  ///< of the front end's dither
  bool quality = false;    ///< also find ClipReport::issue
  bool speech = false;     ///< also find ClipReport::speech; FrontEnd::vad needs it anyway
};

/// What one pass over a clip finds beside its frames.
struct ClipReport {
  double seconds = 0;  ///< length of the sound that was decoded; of features: frames times the hop
  /// Where the speech is, for ClipOptions::speech or a front end with FrontEnd::vad. Of features
  /// nothing is known.
  Speech speech = {};
  /// What is wrong with the sound, for ClipOptions::quality.
  std::optional<QualityIssue> issue = {};
};

/// A clip as an encoder is given it.
struct ClipFeatures : ClipReport {
  Matrix frames;  ///< frames x bins, normalized; those that FrontEnd::vad keeps
};

/// Opens, decodes, resamples and analyzes a clip once, piece by piece: its samples are never whole
/// in memory. Features are taken as they are. Calls may run in parallel.
///
/// Throws Error, Clip::place() first, for a clip that cannot be read (AudioReader), is shorter than
/// `shortest_clip` or has too little speech for FrontEnd::vad (format), for a value that is not
/// finite (format; numeric in memory), and for features of another width (mismatch). Throws
/// std::invalid_argument for samples in memory with a rate that is not from 1 to 768 kHz.
ClipFeatures clip_features(const Clip& clip, const LogMel& log_mel,
                           const ClipOptions& options = {});
/// clip_features of samples in memory, whose errors name no place. ClipOptions::channel is not
/// used.
ClipFeatures clip_features(const Waveform& waveform, const LogMel& log_mel,
                           const ClipOptions& options = {});

/// What write_features found.
struct WrittenFeatures : ClipReport {
  std::size_t frames = 0;  ///< rows of the file
};

/// Writes ClipFeatures::frames to `path` as .npy (float32), atomically. With a front end that
/// LogMelStream takes, memory does not follow the clip's length, and speech is not looked for.
/// Throws as clip_features, and Error (io) for a file that cannot be written.
WrittenFeatures write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                               const ClipOptions& options = {});

/// The samples of a clip, one channel, at the clip's own rate. Throws as clip_features, and Error
/// (config) for a clip that holds features.
Waveform clip_samples(const Clip& clip, int channel = -1);

/// ClipReport::seconds, by decoding alone. Throws as clip_features.
double clip_seconds(const Clip& clip, const FrontEnd& front_end);

}  // namespace twinear
