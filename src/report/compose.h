// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "report/report.h"
#include "twinear/verifier.h"

namespace twinear {

/// The rows of a table that are errors at a threshold: at most `count` misses, then as many false
/// alarms, the scores farthest from the threshold first. No clip is in two errors of a kind, so
/// that one bad recording does not fill the list.
std::vector<std::size_t> hardest_errors(const ScoreTable& trials, double threshold,
                                        std::size_t count);

/// The first `seconds` as a WAV of 16 bits and at most 16 kHz, in a data URI for a player in a
/// page.
std::string sound_uri(const Waveform& waveform, double seconds);

/// What a report of scored trials is made from, beside their figures. A report lacks the parts
/// whose source is empty.
struct ReportSources {
  std::string training_log;            ///< path of a run's log.jsonl, for the training curves
  std::string root;                    ///< folder of the audio files that trials name
  std::span<const Clip> clips = {};    ///< the clips that trials name, before files of the folder
  const Verifier* verifier = nullptr;  ///< the model of the scores, for calibration and map
};

/// Makes the report of at least one evaluated system. The first system also gets the errors
/// farthest from the equal-error threshold, to listen to, and, if there is a model, its calibration
/// and a map of the clips of some speakers. Throws Error for a clip that cannot be read.
ReportContent compose_report(std::vector<ReportedScores> systems, const ReportSources& sources);

}  // namespace twinear
