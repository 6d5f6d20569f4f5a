// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/clip_features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"
#include "twinear/model.h"
#include "twinear/verifier.h"

namespace twinear {

/// A clip as it is enrolled.
struct EnrolledClip {
  std::vector<float> embedding;
  std::string source = {};  ///< where it came from, for people
  double seconds = 0;       ///< of sound; 0: not known
  std::string flaw = {};    ///< why it should not be enrolled; cleared, it is enrolled all the same
};

/// Hears and embeds clips that somebody is to be known by. A clip is flawed that is silent or
/// clipped, has less than `min_speech` seconds of what find_speech finds, or has the band of a
/// telephone where the model hears more. Features in .npy cannot be judged. Parallel; `warn` is
/// called from this thread alone, for lesser flaws. Throws Error as Verifier::embed does.
std::vector<EnrolledClip> embed_for_enrollment(const Verifier& verifier,
                                               std::span<const Clip> clips, double min_speech = 1.0,
                                               int channel = -1, const Warn& warn = {});

/// Somebody, or something, that a database knows.
struct Identity {
  std::string name;
  std::size_t clips;
  double seconds;  ///< of all clips

  bool operator==(const Identity&) const = default;
};

/// An identity, and how alike it is to what was heard.
struct Match {
  std::string name;
  double score;    ///< cosine with the mean of the identity's clips
  double seconds;  ///< of those clips; 0: not known
};

/// A name is UTF-8 without control characters, of 1 to 255 bytes. Throws Error (config) for
/// another.
void check_identity_name(const std::string& name);

/// A database of identities in one SQLite file, for the embeddings of one model.
///
/// All clips of an identity are kept. It is compared by the unit vector along the mean of its
/// clips' unit embeddings, as trials with several clips are (Average::embeddings), by exact Search.
///
/// What a call changes is done all or not at all, also where the process is killed or the power
/// fails. Any number of processes may read while one writes; other writers wait for it, and each
/// call sees all that was written before. Calls of one object may run in parallel.
///
/// Everything throws Error, the path first: for a file that is no such database, damaged or of a
/// newer version (format), of another model (mismatch), or that cannot be read or written (io).
class Enrollment {
 public:
  /// Opens the database at `path`, made where there is none, for this model's embeddings.
  Enrollment(const std::string& path, const std::string& model_id);
  /// Opens one that is there, of whatever model.
  explicit Enrollment(const std::string& path);
  Enrollment(Enrollment&&) noexcept;
  Enrollment& operator=(Enrollment&&) noexcept;
  ~Enrollment();

  const std::string& model_id() const noexcept;
  /// Throws Error (mismatch) where the database is another model's.
  void require_model(const std::string& model_id) const;

  /// Adds clips to the identity of this name, made where there is none; gives how many are new to
  /// it. Throws Error (config) for a name that check_identity_name refuses, (format) for a flawed
  /// clip, and (numeric) for an embedding that is zero or not finite.
  std::size_t enroll(const std::string& name, std::span<const EnrolledClip> clips);
  /// The same for one embedding of unknown origin.
  std::size_t enroll(const std::string& name, std::span<const float> embedding);

  /// Forgets an identity; once nobody reads any more, nothing of it is in the file. False where
  /// there is none of that name.
  bool remove(const std::string& name);

  std::vector<Identity> list() const;  ///< by name
  /// Nothing where there is none of that name.
  std::optional<Identity> find(const std::string& name) const;

  /// For each row the `top` best, best first; equal ones by name.
  std::vector<std::vector<Match>> rank(const Matrix& embeddings, std::size_t top) const;
  /// The best, or nobody where it scores under `threshold`.
  std::optional<Match> identify(std::span<const float> embedding, double threshold) const;

  /// Writes all clips as `twinear embed` does: safetensors with `embeddings`, a row a clip, and in
  /// the metadata model_id, labels (the names), paths and seconds. The same content gives the same
  /// bytes, and what import_enrollment makes of them gives them again.
  void export_to(const std::string& path) const;

 private:
  friend std::size_t import_enrollment(const std::string& file, const std::string& path);
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds the clips of a file that Enrollment::export_to or `twinear embed` wrote to the database at
/// `path`, made where there is none: all or none. Gives how many are new.
std::size_t import_enrollment(const std::string& file, const std::string& path);

}  // namespace twinear
