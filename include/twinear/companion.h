// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "twinear/model.h"

namespace twinear {

/// Writes, as JSON and atomically, what can be shipped for a model whose weights come from
/// elsewhere: its adaptation, its calibration, its source, and its embedding of the test signal, by
/// which add_companion knows it again. Throws Error, path first, for a file that cannot be written
/// (io).
void write_companion(const Model& model, const std::string& path);

/// Gives a model what its companion says. Throws Error, path first: (format) for a file that is not
/// a companion; (mismatch) where the model's embedding of the test signal is not the companion's,
/// to 1e-3 of its largest value.
void add_companion(Model& model, const std::string& path);

}  // namespace twinear
