// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "twinear/audio.h"
#include "twinear/trials.h"

namespace twinear {

/// Rows of a table: the errors at a threshold that are furthest from it, worst first, `count`
/// misses at most and then as many false alarms. No clip is in two of either kind, so that one bad
/// recording does not fill the list.
std::vector<std::size_t> hardest_errors(const ScoreTable& trials, double threshold,
                                        std::size_t count);

/// The first `seconds` as a WAV of 16 bits and at most 16 kHz, for a player in a page:
/// data:audio/...
std::string sound_uri(const Waveform& waveform, double seconds);

}  // namespace twinear
