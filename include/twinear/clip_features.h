// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "twinear/audio.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear {

/// The shortest clip, in seconds, that is given features.
inline constexpr double shortest_clip = 0.1;

/// Front end applied to one recording, resampled to the front end's rate; `seed` is of its dither.
/// Throws Error for one under `shortest_clip`, or with too little speech for FrontEnd::vad.
Matrix waveform_features(const Waveform& waveform, const LogMel& log_mel, std::uint64_t seed = 0);

/// Told, as "path: what", of the flaw that InputCheck finds in a clip's sound.
using Warn = std::function<void(const std::string& line)>;

/// The same for a clip of a file: decoded, mixed down or one channel taken. The sound is never
/// whole in memory.
/// A path that ends in `.npy` is taken as features already computed (frames x bins).
/// Throws Error, path first, for a clip under `shortest_clip`, one with too little speech for
/// FrontEnd::vad, or features of another width. `speech`, where given, gets what vad found.
Matrix read_features(const Clip& clip, const LogMel& log_mel, int channel = -1,
                     std::uint64_t seed = 0, const Warn& warn = {}, Speech* speech = nullptr);

/// Writes the same frames to `path` as .npy, atomically, and gives their number. With a front end
/// that LogMelStream takes, memory does not follow the clip's length.
std::size_t write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                           int channel = -1, std::uint64_t seed = 0, const Warn& warn = {},
                           Speech* speech = nullptr);

}  // namespace twinear
