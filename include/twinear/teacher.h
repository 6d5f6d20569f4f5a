// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "twinear/clip.h"
#include "twinear/encoder.h"
#include "twinear/matrix.h"

namespace twinear {

/// What a teacher is given of a training clip.
enum class Hearing {
  clip,  ///< the clip as it is, but at the speed at which the encoder hears it
  crop,  ///< the crop that the encoder hears, augmented alike, without SpecAugment's masks
};

/// [teacher]: the model whose embeddings an encoder learns.
struct TeacherOptions {
  std::string model;  ///< a file, or a name as find_model() takes; empty: there is no teacher
  Hearing hears = Hearing::clip;
  double max_seconds = 10;                ///< what it hears of a clip ends there
  Precision precision = Precision::fp32;  ///< of its pass; a CPU without AVX512_BF16 stays at fp32
};

/// A model that does not learn and gives embeddings for others to learn from. Threads may share it.
class Teacher {
 public:
  /// Loads the model. Throws Error as find_model() and load_model() do.
  explicit Teacher(TeacherOptions options);
  ~Teacher();
  Teacher(const Teacher&) = delete;
  Teacher& operator=(const Teacher&) = delete;

  const TeacherOptions& options() const noexcept;
  const std::string& id() const noexcept;  ///< Model::id
  std::size_t width() const noexcept;      ///< of an embedding

  /// One row for each clip: its embedding as the model gives it with all that belongs to it, of the
  /// first `max_seconds`. Clips that hold features are taken as the model's. Parallel, and equal at
  /// any number of threads and for any company. Throws Error as clip_features() does.
  Matrix embed(std::span<const Clip> clips) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
