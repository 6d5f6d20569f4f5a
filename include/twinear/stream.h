// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "twinear/verifier.h"

namespace twinear {

/// How a stream is cut into clips.
struct WindowOptions {
  double seconds = 3;  ///< the length of a window
  double hop = 1;      ///< the seconds from one window to the next; at most the length
};

/// A window of a stream.
struct StreamWindow {
  double start = 0, end = 0;  ///< seconds since the stream began
  ClipEmbedding clip = {};    ///< refused if it has less speech than VadOptions::min_seconds
};

/// Embeds a stream of samples window by window, each as Verifier embeds a clip. One thread at a
/// time may use it.
class EmbeddingStream {
 public:
  /// Takes samples at `sample_rate` Hz; `verifier` must outlive the stream. Throws Error (config)
  /// for a length or hop that is not above 0 and for a hop above the length, and
  /// std::invalid_argument for a rate that is not above 0.
  EmbeddingStream(const Verifier& verifier, int sample_rate, const WindowOptions& options = {});
  EmbeddingStream(EmbeddingStream&&) noexcept;
  EmbeddingStream& operator=(EmbeddingStream&&) noexcept;
  ~EmbeddingStream();

  /// Takes the next samples, in [-1, 1], and returns the windows that they complete.
  std::vector<StreamWindow> push(std::span<const float> samples);
  /// Ends the stream: returns a last, shorter window if at least half a second is left and a part
  /// of it was in no window. Nothing can be pushed afterwards.
  std::vector<StreamWindow> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
