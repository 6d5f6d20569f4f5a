// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "twinear/dataset.h"
#include "twinear/features.h"
#include "twinear/matrix.h"

namespace twinear {

/// The features of a corpus: computed when first asked for, and kept while there is room.
class FeatureStore {
 public:
  /// Keeps at most `budget` bytes. `clips` and `log_mel` must outlive it.
  FeatureStore(std::span<const Clip> clips, const LogMel& log_mel, std::size_t budget);

  /// use(i, features of clips[which[i]]) for each i once, in parallel. Throws Error as
  /// read_features does.
  void visit(std::span<const std::size_t> which,
             const std::function<void(std::size_t, const Matrix&)>& use);

 private:
  std::span<const Clip> clips_;
  const LogMel& log_mel_;
  std::mutex mutex_;  // of what follows; what is kept once never moves
  std::size_t left_;
  std::vector<std::unique_ptr<const Matrix>> kept_;
};

}  // namespace twinear
