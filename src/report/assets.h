// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace twinear {

extern const std::string_view page_html;  ///< page.html: the report with {{places}} to fill in
extern const std::string_view umap_js;    ///< umap-js, minified; empty where it was not found
extern const std::string_view chart_js;   ///< Chart.js, minified, with its license's notice

}  // namespace twinear
