// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "twinear/manifest.h"
#include "twinear/trainer.h"

namespace twinear {

/// All training manifests as one. A label means something only within its own: of several manifests
/// "ada" of the second becomes "2/ada".
Manifest read_training_manifests(const std::vector<std::string>& paths);

/// How often each label is drawn, by DataOptions::weights; empty where all are alike. `manifest` is
/// what was read from `data.train`, perhaps at more than one speed.
std::vector<double> label_weights(const Manifest& manifest, const DataOptions& data);

/// The labels as their own manifests say them.
std::set<std::string> labels_as_written(const Manifest& manifest, const DataOptions& data);

/// A hash of which clips there are, whose they are, and how large their files are.
std::string checksum(const Manifest& manifest);

}  // namespace twinear
