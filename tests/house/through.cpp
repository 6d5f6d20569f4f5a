// SPDX-License-Identifier: Apache-2.0
// A planted mistake: linked as a part of verify it calls linalg, which nn links for itself alone.
#include <string>

namespace twinear {

std::string onednn_version();

std::string version_of_the_matrix_product() { return onednn_version(); }

}  // namespace twinear
