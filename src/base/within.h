// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "twinear/error.h"

namespace twinear {

/// Returns step(). An Error that it throws gets `place` and a colon before its message.
template <class Step>
auto within(const std::string& place, const Step& step) try {
  return step();
} catch (const Error& e) {
  throw e.within(place);
}

}  // namespace twinear
