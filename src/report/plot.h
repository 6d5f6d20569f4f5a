// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/picture.h"
#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// A clip's features over time and frequency, with ticks in seconds and, where they lie among the
/// bands, in Hz, and a bar that tells what the colors mean: from the lowest hundredth of the
/// values to the highest thousandth. Many frames are averaged into one column. `frames` has a row
/// at least.
Picture plot(const Matrix& frames, const FrontEnd& front_end, const std::string& title);

/// Writes a plot as SVG or PNG, as `path` ends, atomically. Throws Error (config) for another end.
void write_plot(const std::string& path, const Picture& picture);

/// The same error before any work is done.
void check_plot_path(const std::string& path);

}  // namespace twinear
