// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "twinear/verifier.h"

namespace twinear {

/// How a stream is cut into clips.
struct WindowOptions {
  double seconds = 3;  ///< length of a window
  double hop = 1;      ///< seconds from a window to the next; at most the length
};

/// A window of a stream.
struct StreamWindow {
  double start = 0, end = 0;  ///< seconds since the stream began
  ClipEmbedding clip = {};    ///< silent where it has less speech than VadOptions::min_seconds
};

/// Embeds a stream of samples window by window, each as Verifier embeds a clip. It belongs to one
/// thread.
class EmbeddingStream {
 public:
  /// For samples at `sample_rate` Hz; `verifier` must outlive it. Throws Error (config) for windows
  /// that leave sound out between them or have no length, and std::invalid_argument for a rate that
  /// is not above 0.
  EmbeddingStream(const Verifier& verifier, int sample_rate, const WindowOptions& options = {});
  EmbeddingStream(EmbeddingStream&&) noexcept;
  EmbeddingStream& operator=(EmbeddingStream&&) noexcept;
  ~EmbeddingStream();

  /// Takes the next samples, in [-1, 1]; gives the windows that they complete.
  std::vector<StreamWindow> push(std::span<const float> samples);
  /// The stream has ended: gives a last, shorter window where half a second or more is left that no
  /// window held. Nothing can be pushed after it.
  std::vector<StreamWindow> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinear
