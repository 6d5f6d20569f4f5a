// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <fmt/format.h>

#include "linalg/onednn_info.h"

namespace twinear::cli {

std::string program_version() { return TWINEAR_VERSION; }

std::string version_text() {
  return fmt::format("twinear {}\noneDNN {} ({})\nKissFFT {}\nlibsndfile {}\nTBB {}",
                     TWINEAR_VERSION, onednn_version(), onednn_isa(), TWINEAR_KISSFFT_VERSION,
                     TWINEAR_SNDFILE_VERSION, TWINEAR_TBB_VERSION);
}

}  // namespace twinear::cli
