// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "twinear/clip.h"
#include "twinear/matrix.h"

namespace twinear {

/// What is computed of clips and kept on disk from run to run, a file for each. Its name is a hash
/// of the audio's bytes, the part of it that is used, and what computes; so nothing stale is ever
/// found. What is found is used only if its checksum holds. Any number of processes and threads may
/// share a folder. An entry can be deleted at any time.
class DiskCache {
 public:
  /// Creates the folder where it is missing. `maker` says in all detail what computes the entries,
  /// which have `width` columns. Throws Error (io) for a folder that cannot be created.
  DiskCache(std::string folder, const std::string& maker, std::size_t width);

  /// The place of one matrix.
  class Entry {
   public:
    /// The matrix, if it is there and whole.
    std::optional<Matrix> read() const;
    /// Throws Error (io) where the folder cannot be written to.
    void write(const Matrix& matrix) const;

   private:
    friend class DiskCache;
    std::string path_;
    std::uint64_t key_ = 0, audio_bytes_ = 0, cols_ = 0;
  };

  /// Of a clip in a file that holds sound; `variant` names one of several matrices of it. Throws
  /// Error (io) for a file that cannot be read.
  Entry entry(const Clip& clip, const std::string& variant = "") const;

 private:
  std::string folder_;
  std::uint64_t maker_;  // hash
  std::size_t width_;
};

}  // namespace twinear
