// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace twinear {

/// Where data/samples/make.sh puts the corpus.
inline const std::string samples = TWINEAR_SOURCE_DIR "/build/samples/";

}  // namespace twinear

/// Ends a test that needs the corpus where it could not be made.
#define SKIP_WITHOUT_SAMPLES()                                 \
  if (!std::filesystem::exists(twinear::samples + "made"))     \
  GTEST_SKIP() << "there are no samples; data/samples/make.sh" \
                  " makes them of packages of Debian"
