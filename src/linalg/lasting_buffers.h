// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/buffer.h"

namespace twinear::nn {

/// While it lives, the buffers that the calling thread allocates lie one behind the other on huge
/// pages, which are freed with the last of them. It is for buffers that stay as long as a model.
class LastingBuffers {
 public:
  LastingBuffers();
  ~LastingBuffers();
  LastingBuffers(const LastingBuffers&) = delete;
  LastingBuffers& operator=(const LastingBuffers&) = delete;
};

}  // namespace twinear::nn
